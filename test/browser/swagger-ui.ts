/**
 * Opens Swagger UI in headless Chromium, with every other host unreachable, and creates a task by clicks.
 *
 * Usage: bun test/browser/swagger-ui.ts [SCREENSHOT.png]
 * Needs Chromium; CHROMIUM names it where it is not /usr/bin/chromium. Exit status 0 when all is as it should be.
 */
import { strict as assert } from 'node:assert'
import { chromium } from 'playwright-core'
import { start } from '../support/service.ts'

const screenshot = process.argv[2]
const service = await start({ DATABASE_URL: 'pglite:memory' })
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-background-networking', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1']
})
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 1500 } })
  const complaints: string[] = []
  const foreign: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (protocol !== 'data:' && origin !== service.url.origin) foreign.push(request.url())
  })

  await page.goto(`${service.url.origin}/docs`)
  const operations = page.locator('.opblock')
  await operations.nth(5).waitFor()
  assert.deepEqual((await page.locator('.opblock-summary-method').allTextContents()).toSorted(), [
    'DELETE',
    'GET',
    'GET',
    'PATCH',
    'POST',
    'PUT'
  ])

  const create = page.locator('#operations-tasks-createTask')
  await create.locator('.opblock-summary').click()
  await create.getByPlaceholder('user_id').fill('ada')
  await create.locator('textarea').fill('{"title": "Clicked"}')
  await create.getByRole('button', { name: 'Execute' }).click()
  await create.locator('.live-responses-table .response-col_status').getByText('201').first().waitFor()
  if (screenshot) await page.screenshot({ path: screenshot })

  const { body } = await service.call('GET', '/api/ada/tasks')
  assert.deepEqual(Array.isArray(body) && body.map(({ title }: { title: string }) => title), ['Clicked'])
  assert.deepEqual({ complaints, foreign }, { complaints: [], foreign: [] })
  console.log(`Swagger UI lists ${await operations.count()} operations, created a task, and asked no other host`)
} finally {
  await browser.close()
  await service.stop()
}
