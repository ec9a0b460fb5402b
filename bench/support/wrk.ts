import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type BenchRequest = { method: string; path: string; body?: string; headers?: Record<string, string> }

export type Load = {
  connections: number
  seconds: number
  /** How many requests a second all connections send together; as many as are answered where it is not given. */
  rate?: number
}

/** What came of it: latencies in milliseconds, `failed` answers that were neither 2xx nor 3xx, `broken` ones that never came. */
export type Result = {
  perSecond: number
  requests: number
  failed: number
  broken: number
  latency: { p50: number; p95: number; p99: number; most: number }
}

const folder = mkdtempSync(join(tmpdir(), 'tasks-api-wrk-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
let scripts = 0

/**
 * Sends these requests in turn over so many connections, each as soon as the one before it is answered or, at a rate,
 * after a random pause from then on, by wrk (https://github.com/wg/wrk), which has to be installed.
 */
export async function wrk(origin: string, requests: BenchRequest[], load: Load): Promise<Result> {
  const { connections, seconds, rate } = load
  const script = join(folder, `${++scripts}.lua`)
  await Bun.write(script, scriptFor(requests) + (rate === undefined ? '' : pausesFor(connections, rate)))
  const child = Bun.spawn(['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, origin])
  const output = await new Response(child.stdout).text()
  const [, result] = /^RESULT (.*)$/m.exec(output) ?? []
  if (!result) throw new Error(`wrk failed: ${output}`)
  return JSON.parse(result)
}

function scriptFor(requests: BenchRequest[]): string {
  // What is the same in all requests is written once, so that many of them fit into memory.
  const lines = requests.map(({ method, path, body, headers }) => {
    const fields = { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers }
    const pairs = Object.entries(fields).map(([name, value]) => `[${quoted(name)}]=${quoted(value)}`)
    const content = body === undefined ? 'nil' : quoted(body)
    return `add(${quoted(method)},${quoted(path)},{${pairs.join(',')}},${content})`
  })
  // Lua takes so many constants in one function only.
  const parts: string[] = []
  for (let at = 0; at < lines.length; at += 1000) {
    parts.push(`parts[#parts+1]=function()\n${lines.slice(at, at + 1000).join('\n')}\nend`)
  }
  return `
local requests, parts, at = {}, {}, 0
local function add(method, path, headers, body) requests[#requests + 1] = wrk.format(method, path, headers, body) end
${parts.join('\n')}
function init() for _, part in ipairs(parts) do part() end end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"perSecond":%f,"requests":%d,"failed":%d,"broken":%d,"latency":{"p50":%f,"p95":%f,"p99":%f,"most":%f}}\\n',
    summary.requests / (summary.duration / 1e6), summary.requests, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
`
}

/** In milliseconds. What an answer takes is not in it, so that a little less than the rate is sent. */
const pausesFor = (connections: number, rate: number) =>
  `function delay() return math.random(0, ${Math.round((2000 * connections) / rate)}) end\n`

/** A string of Lua. */
const quoted = (text: string) => `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`
