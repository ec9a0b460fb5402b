import { Problem } from './problem.ts'

/** The largest body that is read, in bytes. */
export const maxBodyLength = 64 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a request's body as JSON (RFC 8259), and no more of it than is allowed.
 *
 * @returns the value, or undefined where the request has no body
 * @throws {Problem} `unsupported_media_type`, `payload_too_large` or `malformed_json`
 */
export async function readJson(request: Request): Promise<unknown> {
  const { headers } = request
  const length = headers.get('content-length')
  if (length === '0' || (length === null && !headers.has('transfer-encoding'))) return undefined
  if (!isJson(headers.get('content-type'))) {
    throw new Problem('unsupported_media_type', 'the body must be declared as Content-Type: application/json')
  }
  if ((headers.get('content-encoding') ?? 'identity').toLowerCase() !== 'identity') {
    // RFC 9110 §15.5.16: Accept-Encoding tells that it was the coding, not the type.
    throw new Problem('unsupported_media_type', 'the body must not be compressed', { 'accept-encoding': 'identity' })
  }
  return parse(await readBytes(request, length === null ? undefined : Number(length)).catch(brokenOff))
}

const isJson = (type: string | null) => type?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json'

async function readBytes(request: Request, length: number | undefined): Promise<Uint8Array> {
  if (length !== undefined) {
    if (length > maxBodyLength) throw tooLarge()
    return await request.bytes()
  }
  const chunks: Uint8Array[] = []
  let received = 0
  for await (const chunk of request.body ?? []) {
    received += chunk.length
    if (received > maxBodyLength) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A client that leaves, or is too slow, in the middle of its body is no defect of ours. */
function brokenOff(error: unknown): never {
  if (error instanceof Problem) throw error
  throw new Problem('malformed_json', 'the body broke off')
}

const tooLarge = () => new Problem('payload_too_large', `the body must be at most ${maxBodyLength} bytes`)

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch {
    throw new Problem('malformed_json', 'the body is not valid JSON in UTF-8')
  }
}
