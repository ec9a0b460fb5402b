const colours: Record<string, string> = {
  service: '#2563eb',
  'without log': '#93c5fd',
  bare: '#9ca3af',
  FastAPI: '#f59e0b'
}
const width = 760
const left = 150
const bar = 12

/** @returns bars of requests a second, each group relative to its fastest, as SVG */
export function chart(groups: { label: string; values: Record<string, number> }[]): string {
  const parts: string[] = []
  let y = 36
  const names = Object.keys(groups[0]?.values ?? {})
  for (const [index, name] of names.entries()) {
    const x = left + index * 120
    parts.push(`<rect x="${x}" y="8" width="12" height="12" fill="${colours[name] ?? '#000'}"/>`)
    parts.push(`<text x="${x + 18}" y="18">${name}</text>`)
  }
  for (const { label, values } of groups) {
    const most = Math.max(...Object.values(values))
    const height = names.length * bar
    parts.push(`<text x="${left - 10}" y="${y + height / 2 + 4}" text-anchor="end">${label}</text>`)
    for (const name of names) {
      const value = values[name] ?? 0
      const length = ((width - left - 90) * value) / most
      parts.push(
        `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${bar - 2}" fill="${colours[name] ?? '#000'}"/>`
      )
      parts.push(
        `<text x="${(left + length + 6).toFixed(1)}" y="${y + bar - 3}">${Math.round(value).toLocaleString('en')}</text>`
      )
      y += bar
    }
    y += 14
  }
  const style = 'font: 11px system-ui, sans-serif; fill: #6b7280'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" style="${style}" role="img" aria-label="Requests a second">\n${parts.join('\n')}\n</svg>\n`
}
