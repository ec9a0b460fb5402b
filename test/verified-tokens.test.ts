import { expect, setSystemTime, test } from 'bun:test'
import { VerifiedTokens } from '../src/verified-tokens.ts'

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

test('a token is remembered until it expires, for ten minutes at most', () => {
  const tokens = new VerifiedTokens()
  setSystemTime(new Date('2026-01-01T00:00:00Z'))
  tokens.remember('short', 'ada', inSeconds(60))
  tokens.remember('long', 'eve', inSeconds(3600))
  tokens.remember('endless', 'bob')
  const seen = () => ['short', 'long', 'endless', 'other'].map((token) => tokens.subjectOf(token))
  expect(seen()).toEqual(['ada', 'eve', 'bob', undefined])
  setSystemTime(new Date('2026-01-01T00:01:00Z'))
  expect(seen()).toEqual([undefined, 'eve', 'bob', undefined])
  setSystemTime(new Date('2026-01-01T00:10:00Z'))
  expect(seen()).toEqual([undefined, undefined, undefined, undefined])
  setSystemTime()
})

test('no more than 5,000 tokens are remembered, none of over 2,048 characters, and none once all are forgotten', () => {
  const tokens = new VerifiedTokens()
  tokens.remember('x'.repeat(2048), 'ada')
  tokens.remember('x'.repeat(2049), 'ada')
  expect(tokens.subjectOf('x'.repeat(2048))).toBe('ada')
  expect(tokens.subjectOf('x'.repeat(2049))).toBeUndefined()
  for (let index = 0; index < 5000; index++) tokens.remember(`token ${index}`, 'ada')
  expect(tokens.subjectOf('x'.repeat(2048))).toBeUndefined()
  expect(tokens.subjectOf('token 0')).toBe('ada')
  tokens.forget()
  expect(tokens.subjectOf('token 4999')).toBeUndefined()
})
