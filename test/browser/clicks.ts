import type { Locator, Page } from 'playwright-core'

/** An answer as Swagger UI shows it. A status that the OpenAPI document lacks has the word Undocumented with it. */
export type Shown = { status: string; text: string }

/** @returns what a person does on the page of Swagger UI */
export function clicksOn(page: Page) {
  const executed = new Set<string>()
  const blocks = page.locator('.opblock')
  return {
    /** The operations that were carried out. */
    executed,

    /** The ids of the operations on the page, once there are so many. */
    async operations(count: number): Promise<string[]> {
      await blocks.nth(count - 1).waitFor()
      return blocks.evaluateAll((found) => found.map(({ id }) => id.replace('operations-tasks-', '')))
    },

    /** Gives Swagger UI a token to send. */
    async authorize(token: string): Promise<void> {
      await page.getByRole('button', { name: 'Authorize', exact: true }).click()
      const dialog = page.locator('.dialog-ux')
      await dialog.locator('input').fill(token)
      await dialog.getByRole('button', { name: 'Apply credentials' }).click()
      await dialog.getByRole('button', { name: 'Close', exact: true }).click()
    },

    /** Opens an operation, fills it in, executes it, reads the answer, and closes it again. */
    async execute(operationId: string, parameters: Record<string, string>, json?: unknown): Promise<Shown> {
      const block = page.locator(`#operations-tasks-${operationId}`)
      const summary = block.locator('.opblock-summary-control')
      await summary.click()
      for (const [name, value] of Object.entries(parameters)) {
        await block.getByPlaceholder(name, { exact: true }).fill(value)
      }
      if (json !== undefined) await block.locator('textarea').fill(JSON.stringify(json))
      await block.getByRole('button', { name: 'Execute', exact: true }).click()
      const shown = await answerIn(block)
      await summary.click()
      executed.add(operationId)
      return shown
    }
  }
}

async function answerIn(block: Locator): Promise<Shown> {
  const answer = block.locator('.live-responses-table tr.response')
  const body = answer.locator('code.language-json')
  await body.waitFor()
  const status = await answer.locator('.response-col_status').textContent()
  const shown = { status: status ?? '', text: (await body.textContent()) ?? '' }
  // Swagger UI shows an answer until the next is there, which could then be taken for that one.
  await block.getByRole('button', { name: 'Clear', exact: true }).click()
  await answer.waitFor({ state: 'detached' })
  return shown
}
