/**
 * A moment as the contract writes it: RFC 3339 §5.6 in UTC, with six fractional digits.
 *
 * @param seconds since the epoch, as PostgreSQL's `date_part('epoch', …)` gives them. A double of these tells microseconds
 *   apart until 2106
 */
export function toTimestamp(seconds: number): string {
  const microseconds = Math.round(seconds * 1e6)
  const milliseconds = Math.floor(microseconds / 1000)
  const rest = String(microseconds - milliseconds * 1000).padStart(3, '0')
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${rest}Z`
}
