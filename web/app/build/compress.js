// Writes a .br and a .gz beside each file of the build that compresses; the server sends the one that the browser accepts.
// Fails when the JavaScript of the sign-in page or the typeface exceeds its budget.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

/** The most JavaScript that the sign-in page may load, in bytes after gzip. */
const BUDGET = 90_000
/** The most that the typeface may take, in bytes. It is compressed already, and counts apart. */
const TYPEFACE_BUDGET = 30_000
const COMPRESSIBLE = ['.html', '.js', '.css', '.svg', '.json', '.txt']
const dist = new URL('../../../crates/pages/dist', import.meta.url).pathname
const gzipSizes = new Map()
let typeface = 0

for (const file of readdirSync(dist, { recursive: true })) {
  if (extname(file) === '.woff2') typeface += statSync(join(dist, file)).size
  if (!COMPRESSIBLE.includes(extname(file))) continue
  const source = readFileSync(join(dist, file))
  const brotli = brotliCompressSync(source, {
    params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
  })
  const gzip = gzipSync(source, { level: 9 })
  if (brotli.length < source.length) writeFileSync(join(dist, `${file}.br`), brotli)
  if (gzip.length < source.length) writeFileSync(join(dist, `${file}.gz`), gzip)
  gzipSizes.set(file, gzip.length)
}

const page = readFileSync(join(dist, 'index.html'), 'utf8')
const loadedAtOnce = (file) => file.endsWith('.js') && (page.includes(file) || file.startsWith('_cloakroom/en-'))
const weight = [...gzipSizes].reduce((sum, [file, bytes]) => (loadedAtOnce(file) ? sum + bytes : sum), 0)
console.log(`sign-in page: ${(weight / 1000).toFixed(1)} kB of JavaScript, gzip, and ${(typeface / 1000).toFixed(1)} kB of typeface`)
if (weight > BUDGET) throw new Error(`more than the budget of ${BUDGET / 1000} kB`)
if (typeface === 0 || typeface > TYPEFACE_BUDGET) throw new Error(`the typeface is missing, or more than its budget of ${TYPEFACE_BUDGET / 1000} kB`)
