/**
 * Builds the service as one executable that needs nothing beside it: the migrations, the Swagger UI files and the embedded
 * PostgreSQL are inside.
 *
 * Usage: bun run build [--all]
 *   without arguments: dist/tasks-api, for this machine
 *   --all: dist/tasks-api-PLATFORM for every platform, and dist/SHA256SUMS
 */
import { mkdir, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { BunPlugin } from 'bun'

const platforms = [
  'linux-x64',
  'linux-arm64',
  'linux-x64-musl',
  'linux-arm64-musl',
  'darwin-arm64',
  'darwin-x64',
  'windows-x64'
] as const

const root = resolve(import.meta.dir, '..')
const dist = resolve(root, 'dist')

/** The commit of what is built, `-changed` where the working copy has something else. */
async function commit(): Promise<string> {
  const git = async (...args: string[]) => (await Bun.$`git ${args}`.cwd(root).quiet().nothrow().text()).trim()
  const hash = await git('rev-parse', '--short=12', 'HEAD')
  if (hash === '') return process.env['COMMIT'] ?? 'unknown'
  return (await git('status', '--porcelain')) === '' ? hash : `${hash}-changed`
}

/** The embedded PostgreSQL takes a third of its size when it is compressed, and unpacks in some ten milliseconds. */
const compressed: BunPlugin = {
  name: 'compressed',
  setup({ onLoad }) {
    onLoad({ filter: /pglite[\\/]dist[\\/]\w+\.(wasm|data)$/ }, async ({ path }) => ({
      contents: await Bun.zstdCompress(await Bun.file(path).arrayBuffer(), { level: 19 }),
      loader: 'file'
    }))
  }
}

const here = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`

async function build(outfile: string, platform?: (typeof platforms)[number]): Promise<void> {
  await Bun.build({
    entrypoints: [resolve(root, 'src/index.ts')],
    plugins: [compressed],
    // Halves the time that a start takes. Elsewhere than on the machine it was made for it is untried.
    ...((platform ?? here) === here && { bytecode: true, format: 'cjs' }),
    // Names stay: Elysia's compiler reads the source of handlers, and the log shows the names of errors.
    minify: { whitespace: true, syntax: true, identifiers: false },
    define: { TASKS_API_COMMIT: JSON.stringify(await commit()) },
    compile: {
      outfile,
      ...(platform && { target: `bun-${platform}` }),
      // Somebody else's settings, where the binary happens to be started. A .env file there is meant for it.
      autoloadBunfig: false,
      autoloadTsconfig: false,
      autoloadPackageJson: false,
      autoloadDotenv: true
    }
  })
  const { size } = await stat(outfile)
  console.log(`${outfile.slice(root.length + 1)}  ${(size / 1e6).toFixed(1)} MB`)
}

const { values } = parseArgs({ options: { all: { type: 'boolean' } } })
await mkdir(dist, { recursive: true })
if (values.all) {
  let sums = ''
  for (const platform of platforms) {
    const name = `tasks-api-${platform}${platform.startsWith('windows') ? '.exe' : ''}`
    const file = resolve(dist, name)
    await build(file, platform)
    sums += `${new Bun.CryptoHasher('sha256').update(await Bun.file(file).arrayBuffer()).digest('hex')}  ${name}\n`
  }
  await Bun.write(resolve(dist, 'SHA256SUMS'), sums)
} else {
  await build(resolve(dist, process.platform === 'win32' ? 'tasks-api.exe' : 'tasks-api'))
}
