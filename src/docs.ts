import { swagger } from '@elysiajs/swagger'
import { Elysia } from 'elysia'
import favicon from 'swagger-ui-dist/favicon-32x32.png' with { type: 'file' }
import styles from 'swagger-ui-dist/swagger-ui.css' with { type: 'file' }
import script from 'swagger-ui-dist/swagger-ui-bundle.js' with { type: 'file' }
import { version } from '../package.json'
import { ProblemDocument } from './problem.ts'
import { headers, responses, security } from './tasks/components.ts'
import { Deleted, Task, TaskChange, TaskDraft, TaskList } from './tasks/model.ts'

/** Where the plugin's page loads Swagger UI from, by its `version` option. */
const cdn = 'https://unpkg.com/swagger-ui-dist@local/'

/**
 * The OpenAPI document and Swagger UI: all that is peculiar to the plugin that makes them. The plugin's page would load
 * Swagger UI from a CDN; here it, like the files it loads, comes from this service.
 *
 * @param needsToken whether every request has to carry one
 */
export function docs(needsToken: boolean) {
  const plugin = swagger({
    provider: 'swagger-ui',
    path: '/docs',
    specPath: '/openapi.json',
    version: 'local',
    theme: `${cdn}swagger-ui.css`,
    autoDarkMode: false,
    swaggerOptions: { displayRequestDuration: true, tryItOutEnabled: true },
    documentation: {
      openapi: '3.1.0',
      info: {
        title: 'tasks-api',
        version,
        description: "A REST service that stores people's tasks and keeps every user's apart.",
        contact: { name: 'The tasks-api contributors' },
        license: { name: 'MIT', url: 'https://opensource.org/license/mit' }
      },
      servers: [{ url: '/', description: 'The service that serves this document' }],
      security: [],
      tags: [{ name: 'tasks', description: 'Six operations on the tasks of one user' }],
      components: needsToken
        ? {
            headers: { ...headers, ...security.headers },
            responses: { ...responses, ...security.responses },
            securitySchemes: security.securitySchemes
          }
        : { headers, responses }
    }
  })
  const made = (path: string) => plugin.handle(new Request(`http://localhost${path}`))
  let document: Promise<string> | undefined
  let page: Promise<Page> | undefined
  return (
    new Elysia({ name: 'docs', detail: { hide: true } })
      .model({ Task, TaskList, TaskDraft, TaskChange, Deleted, Problem: ProblemDocument })
      .get('/', ({ redirect }) => redirect('/docs'))
      .use(plugin)
      // These take the places of the plugin's own routes.
      .get('/openapi.json', async () => {
        document ??= made('/openapi.json').then(toOpenApi31)
        return new Response(await document, { headers: { 'content-type': 'application/json' } })
      })
      .get('/docs', async () => {
        page ??= made('/docs').then(localize)
        const { html, headers } = await page
        return new Response(html, { headers })
      })
      .get('/docs/swagger-ui.css', () => asset(styles, 'text/css; charset=utf-8'))
      .get('/docs/swagger-ui-bundle.js', () => asset(script, 'text/javascript; charset=utf-8'))
      .get('/favicon.ico', () => asset(favicon, 'image/png'))
  )
}

/** What the plugin says of bodies that Elysia does not parse itself, and is not so. */
const unread = ['multipart/form-data', 'text/plain']

/** Elysia marks models with a `$id` that is a fragment, which JSON Schema 2020-12 Core §8.2.1 does not allow. */
async function toOpenApi31(document: Response): Promise<string> {
  const left = (key: string) => key === '$id' || unread.includes(key)
  return JSON.stringify(await document.json(), (key, value) => (left(key) ? undefined : value))
}

type Page = { html: string; headers: Record<string, string> }

/** Makes the plugin's page load from this service alone, and forbids it anything else. */
async function localize(page: Response): Promise<Page> {
  const html = (await page.text()).replaceAll(cdn, 'docs/').replaceAll(' crossorigin>', '>')
  const inline = [...html.matchAll(/<script>(.*?)<\/script>/gs)].map(([, code = '']) => `'sha256-${sha256(code)}'`)
  const policy = [
    "default-src 'none'",
    `script-src 'self' ${inline.join(' ')}`,
    "style-src 'self'",
    // Swagger UI has its icons in data: addresses.
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'"
  ]
  return {
    html,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
      'cache-control': 'no-cache'
    }
  }
}

const sha256 = (code: string) => new Bun.CryptoHasher('sha256').update(code).digest('base64')

const asset = (path: string, type: string) =>
  new Response(Bun.file(path), { headers: { 'content-type': type, 'cache-control': 'public, max-age=3600' } })
