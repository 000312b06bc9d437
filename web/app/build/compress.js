// Writes a .br and a .gz beside every file of the build that gets smaller by it; the server sends what the browser takes.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const COMPRESSIBLE = ['.html', '.js', '.css', '.svg', '.json', '.txt']
const dist = new URL('../dist', import.meta.url).pathname
const sizes = []

for (const file of readdirSync(dist, { recursive: true })) {
  if (!COMPRESSIBLE.includes(extname(file))) continue
  const source = readFileSync(join(dist, file))
  const brotli = brotliCompressSync(source, {
    params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
  })
  const gzip = gzipSync(source, { level: 9 })
  if (brotli.length < source.length) writeFileSync(join(dist, `${file}.br`), brotli)
  if (gzip.length < source.length) writeFileSync(join(dist, `${file}.gz`), gzip)
  sizes.push({ file, bytes: source.length, gzip: gzip.length, brotli: brotli.length })
}
console.table(sizes)
