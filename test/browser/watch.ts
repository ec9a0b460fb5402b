import { strict as assert } from 'node:assert'
import { EventEmitter, once } from 'node:events'
import type { Page } from 'playwright-core'

/** What a page should not have done. */
export type Watched = { complaints: string[]; foreign: string[]; violations: string[] }

/** A page that keeps to itself may not ask here, so asking is a violation of its policy. */
const elsewhere = 'https://example.invalid/'

/**
 * Watches a page, which must not have been opened yet.
 *
 * @param origin the only one that the page may ask
 */
export async function watch(page: Page, origin: string) {
  const complaints = watchComplaints(page)
  const foreign = watchRequests(page, origin)
  const { violations, reports } = await watchViolations(page)
  return {
    /** Provokes a violation, whose report comes after all others: then nothing that was seen is still on its way. */
    async untilViolation(): Promise<Watched> {
      const signal = AbortSignal.timeout(10_000)
      const reported = once(reports, `connect-src ${elsewhere}`, { signal }).then(
        () => 'reported',
        () => 'not reported'
      )
      const asked = page.evaluate((address) => fetch(address).catch(() => 'blocked'), elsewhere)
      assert.deepEqual(await Promise.all([asked, reported]), ['blocked', 'reported'])
      const others = (seen: string[]) => seen.filter((what) => !what.includes(elsewhere))
      return { complaints: others(complaints), foreign: others(foreign), violations: others(violations) }
    }
  }
}

function watchComplaints(page: Page): string[] {
  const complaints: string[] = []
  page.on('console', (message) => {
    const type = message.type()
    if (type !== 'error' && type !== 'warning' && type !== 'assert') return
    complaints.push(`${type}: ${message.text()} ${message.location().url}`)
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return complaints
}

function watchRequests(page: Page, origin: string): string[] {
  const foreign: string[] = []
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.protocol !== 'data:' && url.origin !== origin) foreign.push(url.href)
  })
  return foreign
}

async function watchViolations(page: Page) {
  const violations: string[] = []
  const reports = new EventEmitter()
  await page.exposeFunction('reportViolation', (violation: string) => {
    violations.push(violation)
    reports.emit(violation)
  })
  await page.addInitScript({
    content: `addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
      reportViolation(effectiveDirective + ' ' + blockedURI)
    })`
  })
  return { violations, reports }
}
