import { existsSync, readFileSync } from 'node:fs'
import { checkoutFile } from '../../lib/checkout.js'
import { filesBelow } from './files-below.js'

/** What of the checkout runs: programs, the build, and what tests read. */
const parts = [
  { folder: 'bin', pattern: /./ },
  { folder: 'dist', pattern: /\.js$/ },
  { folder: 'build', pattern: /\.bpf\.o$|^build\/Release\/(xlvs\.node|libxlvs-ipvs\.so)$/ },
  { folder: 'docs', pattern: /\.md$/ },
]

/** Development packages that are programs of this host: formatters and compilers. */
const programs = /^node_modules\/(@biomejs|@typescript|typescript)(\/|$)/

/** The checkout's files that the guest gets, at the path that they have here; names without the leading `/`. */
export function projectFiles(): string[] {
  const checkout = checkoutFile('')
  const present = parts.filter(({ folder }) => existsSync(checkoutFile(folder)))
  const files = present.flatMap(({ folder, pattern }) => {
    return filesBelow(checkout, folder).filter((name) => pattern.test(name))
  })
  return [...['package.json', ...files].map(inCheckout), ...packageFiles(({ dev }) => !dev)]
}

/** What the compiled tests import beside that. */
export function testFiles(): string[] {
  return packageFiles(({ dev = false }, path) => dev && !programs.test(path))
}

interface LockedPackage {
  readonly dev?: boolean
}

/** What node loads of the npm packages chosen by their entry of package-lock.json. */
function packageFiles(isChosen: (entry: LockedPackage, path: string) => boolean): string[] {
  const lock = JSON.parse(readFileSync(checkoutFile('package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage>
  }
  // Packages for other platforms are locked too, and are not there.
  const folders = Object.entries(lock.packages).filter(([path, entry]) => path !== '' && isChosen(entry, path))
  const present = folders.map(([path]) => path).filter((path) => existsSync(checkoutFile(path)))
  const files = present.flatMap((folder) => filesBelow(checkoutFile(''), folder))
  return [...new Set(files.filter((name) => /\.([cm]?js|json|wasm)$/.test(name)).map(inCheckout))]
}

function inCheckout(name: string): string {
  return checkoutFile(name).slice(1)
}
