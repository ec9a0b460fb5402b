import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { databases } from './support/databases.ts'
import { problemIn, taskIn, tasksIn } from './support/expect.ts'
import { createKey, type Issuer, startIssuer } from './support/issuer.ts'
import { nobody, operations } from './support/operations.ts'
import { type Answer, start, type TestService } from './support/service.ts'
import { type Claims, claimsFor, hs256, secret, signable, signed } from './support/tokens.ts'

const expected = { iss: 'https://issuer.example', aud: 'tasks' }
const settings = { AUTH_ISSUER: expected.iss, AUTH_AUDIENCE: expected.aud }
const now = () => Math.floor(Date.now() / 1000)

/** The claims of a good token for Ada. */
const ada = (others: Claims = {}) => claimsFor('ada', { ...expected, ...others })

/** Expects that no good token came. @returns the challenge */
function refusedIn(answer: Answer): string {
  problemIn(answer, 401, 'unauthenticated')
  return answer.headers.get('www-authenticate') ?? ''
}

const invalid = (description: string) => `Bearer error="invalid_token", error_description="${description}"`
const notValid = invalid('the token is not valid')

describe('tokens that are verified by a secret', () => {
  let service: TestService
  beforeAll(async () => {
    service = await start({ DATABASE_URL: 'pglite:memory', AUTH_JWT_SECRET: secret, ...settings })
  })
  afterAll(() => service.stop())

  const list = (authorization: string, path = '/api/ada/tasks') =>
    service.call('GET', path, { headers: { authorization } })

  test('let their subject in', async () => {
    for (const claims of [
      ada(),
      ada({ exp: undefined }),
      ada({ nbf: now() - 60 }),
      ada({ aud: ['others', 'tasks'] }),
      ada({ role: 'admin' })
    ]) {
      for (const scheme of ['Bearer', 'bearer', 'BEARER']) tasksIn(await list(`${scheme} ${hs256(claims)}`))
    }
    tasksIn(await list(`Bearer ${hs256(ada({ filler: 'x'.repeat(6000) }))}`))
  })

  const bad: [string, string, string][] = [
    ['of nobody', '', 'Bearer'],
    ['with another scheme', `Basic ${hs256(ada())}`, 'Bearer'],
    ['without a scheme', hs256(ada()), 'Bearer'],
    ['with two tokens', `Bearer ${hs256(ada())} ${hs256(ada())}`, 'Bearer'],
    ['with no token', 'Bearer', 'Bearer'],
    ['with two headers', `Bearer ${hs256(ada())}, Bearer ${hs256(ada())}`, 'Bearer'],
    ['with something else', 'Bearer s3cret', notValid],
    ['without a signature', `Bearer ${signable({ alg: 'HS256' }, ada())}.`, notValid],
    ['with alg none', `Bearer ${signable({ alg: 'none' }, ada())}.`, notValid],
    ['with alg None', `Bearer ${signable({ alg: 'None' }, ada())}.`, notValid],
    ['signed with another secret', `Bearer ${hs256(ada(), {}, 'another secret, as long as the first one')}`, notValid],
    ['signed with nothing', `Bearer ${hs256(ada(), {}, '')}`, notValid],
    ['of another algorithm', `Bearer ${hs256(ada(), { alg: 'HS512' })}`, notValid],
    ['of an asymmetric algorithm', `Bearer ${signed(createKey('ES256'), ada())}`, notValid],
    ['with its own key', `Bearer ${hs256(ada(), { jwk: { kty: 'oct', k: 'AAAA' } }, Buffer.from('AAAA'))}`, notValid],
    ['with a critical extension', `Bearer ${hs256(ada(), { crit: ['x'], x: 1 })}`, notValid],
    ['whose claims were changed', `Bearer ${hs256(ada()).replace(/\.(.*)\./, '.e30.')}`, notValid],
    ['whose claims are no object', `Bearer ${hs256('["ada"]')}`, notValid],
    ['whose claims are no JSON', `Bearer ${hs256('{"sub":"ada"')}`, notValid],
    ['whose claims are no UTF-8', `Bearer ${hs256('\ud800')}`, notValid],
    ['that has expired', `Bearer ${hs256(ada({ exp: now() - 1 }))}`, invalid('the token has expired')],
    [
      'that expires some day',
      `Bearer ${hs256(ada({ exp: 'never' }))}`,
      invalid('the token has a claim that is not valid')
    ],
    ['that is not valid yet', `Bearer ${hs256(ada({ nbf: now() + 60 }))}`, invalid('the token is not valid yet')],
    [
      'of another issuer',
      `Bearer ${hs256(ada({ iss: 'https://x.example' }))}`,
      invalid('the token is of another issuer')
    ],
    ['of no issuer', `Bearer ${hs256(ada({ iss: undefined }))}`, invalid('the token is of another issuer')],
    ['for another audience', `Bearer ${hs256(ada({ aud: 'task' }))}`, invalid('the token is for another audience')],
    ['for no audience', `Bearer ${hs256(ada({ aud: [] }))}`, invalid('the token is for another audience')],
    ['of no subject', `Bearer ${hs256(ada({ sub: undefined }))}`, invalid('the token has no subject')],
    ['of an empty subject', `Bearer ${hs256(ada({ sub: '' }))}`, invalid('the token has no subject')],
    ['of a number', `Bearer ${hs256(ada({ sub: 7 }))}`, invalid('the token has no subject')],
    ['of several subjects', `Bearer ${hs256(ada({ sub: ['ada'] }))}`, invalid('the token has no subject')]
  ]
  test.each(bad)('%s are refused, on every operation, whatever else is wrong', async (_, authorization, challenge) => {
    for (const [method, path, json] of operations) {
      const headers = { authorization, 'if-match': 'x', 'content-type': 'application/json' }
      const answers = [
        await service.call(method, `/api/ada/tasks${path}`, { json, headers }),
        await service.call(method, `/api/%zz/tasks${path}?limit=x`, {
          headers,
          ...(json !== undefined && { body: '{' })
        })
      ]
      for (const answer of answers) expect(refusedIn(answer)).toBe(challenge)
      expect(answers.map(({ text }) => text).join()).not.toContain('ada')
    }
  })

  test('are refused once they have expired, though they were good before', async () => {
    const token = hs256(ada({ exp: now() + 2 }))
    tasksIn(await list(`Bearer ${token}`))
    while ((await list(`Bearer ${token}`)).status === 200) await Bun.sleep(50)
    expect(refusedIn(await list(`Bearer ${token}`))).toBe(invalid('the token has expired'))
  })

  test('are taken from nowhere but the header', async () => {
    const token = hs256(ada())
    const path = `/api/ada/tasks?access_token=${token}&token=${token}`
    expect(
      refusedIn(await service.call('GET', path, { headers: { authorization: '', cookie: `token=${token}` } }))
    ).toBe('Bearer')
  })

  test('are refused where the header comes twice', async () => {
    const socket = connect(Number(service.url.port), service.url.hostname)
    const header = `Authorization: Bearer ${hs256(ada())}\r\n`
    socket.write(`GET /api/ada/tasks HTTP/1.1\r\nHost: x\r\n${header}${header}Connection: close\r\n\r\n`)
    let answer = ''
    for await (const chunk of socket) answer += chunk
    expect(answer).toStartWith('HTTP/1.1 401 Unauthorized')
  })

  test("find another user's tasks as little as those that never were, on every operation", async () => {
    const authorization = `Bearer ${hs256(ada())}`
    const eve = { authorization: `Bearer ${hs256(claimsFor('eve', expected))}` }
    const task = taskIn(await service.call('POST', '/api/eve/tasks', { json: { title: 'x' }, headers: eve }), 201)
    const never = await service.call('GET', `/api/ada/tasks/${nobody}`, { headers: { authorization } })
    problemIn(never, 404, 'task_not_found')
    for (const [method, path, json] of operations) {
      for (const target of [path, path.replace(nobody, task.id)]) {
        for (const content of [{ json }, json === undefined ? {} : { json: { title: '' } }]) {
          const answer = await service.call(method, `/api/eve/tasks${target}`, {
            ...content,
            headers: { authorization }
          })
          expect({ status: answer.status, text: answer.text }).toEqual({ status: 404, text: never.text })
          expect([...answer.headers.keys()].toSorted()).toEqual([...never.headers.keys()].toSorted())
        }
      }
    }
    expect(tasksIn(await service.call('GET', '/api/eve/tasks', { headers: eve }))).toEqual([task])
  })

  test('let in exactly their subject, whatever it is made of', async () => {
    const nfc = 'Zo\u00eb'
    const nfd = 'Zoe\u0308'
    const subjects = [nfc, nfd, 'ADA', 'ada ', 'a/b', '..%2f', 'ａｄａ', 'аda', '😀', "'; drop table tasks"]
    for (const subject of subjects) {
      const headers = { authorization: `Bearer ${hs256(ada({ sub: subject }))}` }
      for (const user of [...subjects, 'ada']) {
        const answer = await service.call('GET', `/api/${encodeURIComponent(user)}/tasks`, { headers })
        expect(`${user} by ${subject}: ${answer.status}`).toBe(`${user} by ${subject}: ${user === subject ? 200 : 404}`)
      }
    }
    for (const sub of ['a\u0000', '\ud800', 'x'.repeat(256)]) {
      const headers = { authorization: `Bearer ${hs256(ada({ sub }))}` }
      for (const path of ['/api/a/tasks', '/api/%EF%BF%BD/tasks', `/api/${'x'.repeat(255)}/tasks`]) {
        expect((await service.call('GET', path, { headers })).status).not.toBe(200)
      }
    }
  })

  test('name the last of two subjects', async () => {
    const token = hs256(`{"iss":"${expected.iss}","aud":"tasks","sub":"eve","sub":"ada"}`)
    tasksIn(await list(`Bearer ${token}`))
    problemIn(await list(`Bearer ${token}`, '/api/eve/tasks'), 404, 'task_not_found')
  })

  test('are asked for where tasks are, and nowhere else', async () => {
    for (const path of ['/health', '/ready', '/metrics', '/docs', '/openapi.json']) {
      expect((await service.call('GET', path)).status).toBe(200)
    }
    problemIn(await service.call('GET', '/nowhere'), 404, 'not_found')
  })

  test('are not in the log', async () => {
    const lines = JSON.stringify(await service.logged())
    expect(lines).toContain('"status":401')
    expect(lines).not.toContain(hs256(ada()).slice(0, 20))
    expect(lines).not.toContain(secret)
  })
})

describe("tokens that are verified by an issuer's keys", () => {
  let issuer: Issuer
  let service: TestService
  beforeAll(async () => {
    issuer = startIssuer('RS256', 'ES256', 'EdDSA')
    service = await start({ DATABASE_URL: 'pglite:memory', AUTH_JWKS_URL: issuer.jwksUrl, ...settings })
  })
  afterAll(async () => {
    await service.stop()
    await issuer.stop()
  })

  const statusOf = async (token: string) => {
    const answer = await service.call('GET', '/api/ada/tasks', { headers: { authorization: `Bearer ${token}` } })
    if (answer.status === 401) expect(refusedIn(answer)).toBe(notValid)
    if (answer.status === 503) {
      problemIn(answer, 503, 'identity_unavailable')
      expect(answer.headers.get('retry-after')).toBe('1')
    }
    return answer.status
  }

  test('let their subject in, of all three algorithms, and the issuer is asked once', async () => {
    const tokens = issuer.keys.flatMap((key) => Array.from({ length: 10 }, () => signed(key, ada())))
    expect(await Promise.all(tokens.map(statusOf))).toEqual(tokens.map(() => 200))
    expect(issuer.requests).toBe(1)
  })

  test('are refused where they try to choose the key or the algorithm', async () => {
    const [rsa, ec] = issuer.keys
    if (!rsa || !ec) throw new Error('no keys')
    const { alg: _, ...jwk } = rsa.jwk
    const anyAlgorithm = { ...rsa, kid: 'any-algorithm', jwk: { ...jwk, kid: 'any-algorithm' } }
    issuer.keys.push(anyAlgorithm)
    while ((await statusOf(signed(anyAlgorithm, ada()))) !== 200) await Bun.sleep(20)
    const evil = startIssuer('RS256')
    const [own] = evil.keys
    if (!own) throw new Error('no key')
    const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    for (const token of [
      `${signable({ alg: 'none', kid: rsa.kid }, ada())}.`,
      hs256(ada(), { kid: rsa.kid }, pem),
      hs256(ada(), { kid: rsa.kid }, pem.trim()),
      hs256(ada(), { kid: rsa.kid }, JSON.stringify(rsa.jwk)),
      signed(own, ada()),
      signed(own, ada(), { kid: rsa.kid }),
      signed(own, ada(), { kid: rsa.kid, jku: evil.jwksUrl }),
      signed(own, ada(), { jku: evil.jwksUrl }),
      signed(own, ada(), { x5u: evil.jwksUrl }),
      signed(own, ada(), { jwk: own.jwk }),
      signed(own, ada(), { kid: evil.jwksUrl }),
      signed(own, ada(), { kid: "' or 1=1 --" }),
      signed(own, ada(), { kid: '../../../../dev/null' }),
      signed(ec, ada(), { kid: rsa.kid }),
      signed(ec, ada(), { alg: 'RS256' }),
      signed(rsa, ada(), { kid: undefined, alg: 'RS512' }),
      signed(anyAlgorithm, ada(), { alg: 'RS512' })
    ]) {
      expect(`${await statusOf(token)} ${token}`).toBe(`401 ${token}`)
    }
    expect(evil.requests).toBe(0)
    await evil.stop()
  }, 20_000)

  test('follow the keys of the issuer, who can not be made to answer for every token', async () => {
    const next = createKey('EdDSA')
    const before = issuer.requests
    const [old] = issuer.keys
    if (!old) throw new Error('no key')
    const seenBefore = signed(old, ada())
    expect(await statusOf(seenBefore)).toBe(200)
    issuer.keys = [next]
    const began = performance.now()
    while ((await statusOf(signed(next, ada()))) !== 200) await Bun.sleep(20)
    expect(performance.now() - began).toBeLessThan(7000)
    expect(issuer.requests - before).toBe(1)
    for (const token of [seenBefore, signed(old, ada())]) expect(await statusOf(token)).toBe(401)

    const unknown = Array.from({ length: 200 }, (_, index) => signed(next, ada(), { kid: `unknown-${index}` }))
    expect(await Promise.all(unknown.map(statusOf))).toEqual(unknown.map(() => 401))
    expect(issuer.requests - before).toBe(1)
  }, 20_000)

  test('of known keys stay good while the issuer is slow, talks nonsense or is gone; others are 503', async () => {
    const [known] = issuer.keys
    if (!known) throw new Error('no key')
    const other = createKey('ES256')
    const elsewhere = startIssuer()
    elsewhere.keys = [other]
    const faults: (() => Response | Promise<Response>)[] = [
      () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
      () => Response.json(null),
      () => Response.json({ keys: 'none' }),
      () => new Response(null, { status: 500 }),
      () => Response.redirect(elsewhere.jwksUrl),
      () => Bun.sleep(20_000).then(() => Response.json({ keys: [] }))
    ]
    for (const fault of faults) {
      issuer.instead = fault
      const [before, began] = [issuer.requests, performance.now()]
      while ((await statusOf(signed(other, ada()))) !== 503 || issuer.requests === before) await Bun.sleep(20)
      expect(performance.now() - began).toBeLessThan(10_000)
      expect(await statusOf(signed(known, ada()))).toBe(200)
      expect(await statusOf(hs256(ada()))).toBe(401)
    }
    expect(elsewhere.requests).toBe(0)
    await elsewhere.stop()

    issuer.instead = () => new Response(null, { status: 500 })
    const [before, began] = [issuer.requests, performance.now()]
    for (let index = 0; index < 100; index++) expect(await statusOf(signed(other, ada()))).toBe(503)
    const seconds = (performance.now() - began) / 1000
    expect(issuer.requests - before).toBeLessThanOrEqual(1 + seconds)

    await issuer.stop()
    const answers = await Promise.all(Array.from({ length: 100 }, () => statusOf(signed(other, ada()))))
    expect(answers).toEqual(answers.map(() => 503))
    expect(await statusOf(signed(known, ada()))).toBe(200)

    issuer.instead = undefined
    issuer.keys.push(other)
    issuer.start()
    while ((await statusOf(signed(other, ada()))) !== 200) await Bun.sleep(20)
    expect(JSON.stringify(await service.logged())).toContain("the issuer's keys could not be fetched")
  }, 60_000)
})

test('keys that are no good make 401, and no defect', async () => {
  const issuer = startIssuer()
  const weak = createKey('RS256', 1024)
  const secretKey = { kty: 'oct', kid: 'secret', alg: 'HS256', k: Buffer.from(secret).toString('base64url') }
  issuer.instead = () => Response.json({ keys: [weak.jwk, secretKey, { kty: 'EC', kid: 'broken' }] })
  const service = await start({ DATABASE_URL: 'pglite:memory', AUTH_JWKS_URL: issuer.jwksUrl })
  for (const token of [
    signed(weak, ada()),
    hs256(ada(), { kid: 'secret' }),
    signed(createKey('ES256'), ada(), { kid: 'broken' })
  ]) {
    refusedIn(await service.call('GET', '/api/ada/tasks', { headers: { authorization: `Bearer ${token}` } }))
  }
  await service.stop()
  await issuer.stop()
})

test('an issuer that was never reached makes 503', async () => {
  const service = await start({ DATABASE_URL: 'pglite:memory', AUTH_JWKS_URL: 'http://127.0.0.1:1/jwks' })
  const token = signed(createKey('ES256'), ada())
  const answer = await service.call('GET', '/api/ada/tasks', { headers: { authorization: `Bearer ${token}` } })
  problemIn(answer, 503, 'identity_unavailable')
  expect((await service.call('GET', '/ready')).status).toBe(200)
  await service.stop()
})

test.each(databases.slice(1))('turning identity on changes nothing that is stored, on $name', async ({ create }) => {
  const environment = await create()
  const open = await start(environment)
  const headers = { authorization: `Bearer ${hs256(ada())}` }
  const task = taskIn(await open.call('POST', '/api/ada/tasks', { json: { title: 'x' }, headers }), 201)
  await open.stop()
  const closed = await start({ ...environment, AUTH_JWT_SECRET: secret })
  expect(tasksIn(await closed.call('GET', '/api/ada/tasks', { headers }))).toEqual([task])
  expect(JSON.stringify(await closed.logged())).not.toContain('applied')
  await closed.stop()
})
