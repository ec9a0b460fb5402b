/** How many tokens, of how many characters, are remembered at most: 10 MB. */
const mostTokens = 5000
const mostCharacters = 2048

/** For how long a token is remembered, in milliseconds: then its key is looked at again, which may be gone. */
const freshness = 600_000

/**
 * Tokens that were verified with the keys of now. A client sends the same one many times, and verifying a signature costs as
 * much as answering the rest of a request.
 */
export class VerifiedTokens {
  private readonly tokens = new Map<string, { subject: string; until: number }>()

  /** @returns the subject of a token that is remembered and has not expired */
  subjectOf(token: string): string | undefined {
    const found = this.tokens.get(token)
    return found && Date.now() < found.until ? found.subject : undefined
  }

  /** @param exp when it expires, in seconds since 1970; never without it */
  remember(token: string, subject: string, exp = Number.POSITIVE_INFINITY): void {
    if (token.length > mostCharacters) return
    const [oldest] = this.tokens.keys()
    if (this.tokens.size >= mostTokens && oldest !== undefined) this.tokens.delete(oldest)
    this.tokens.set(token, { subject, until: Math.min(exp * 1000, Date.now() + freshness) })
  }

  /** Whatever was verified with keys that may not be good any more. */
  forget(): void {
    this.tokens.clear()
  }
}
