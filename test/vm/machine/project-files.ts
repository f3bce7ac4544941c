import { existsSync, readFileSync } from 'node:fs'
import { checkoutFile } from '../../lib/checkout.js'
import { filesBelow } from './files-below.js'

/** What of the checkout runs: programs, the build, and what tests read. */
const parts = [
  { folder: 'bin', pattern: /./ },
  { folder: 'dist', pattern: /\.js$/ },
  { folder: 'build', pattern: /\.bpf\.o$|^build\/Release\/xlvs\.node$/ },
  { folder: 'docs', pattern: /\.md$/ },
]

/** The checkout's files that the guest gets, at the path that they have here; names without the leading `/`. */
export function projectFiles(): string[] {
  const checkout = checkoutFile('')
  const present = parts.filter(({ folder }) => existsSync(checkoutFile(folder)))
  const files = present.flatMap(({ folder, pattern }) => {
    return filesBelow(checkout, folder).filter((name) => pattern.test(name))
  })
  const modules = runtimeModules().flatMap((folder) => filesBelow(checkout, folder))
  const runnable = modules.filter((name) => /\.([cm]?js|json)$/.test(name))
  return ['package.json', ...files, ...runnable].map((name) => checkoutFile(name).slice(1))
}

/** Folders of the npm packages that are no development dependencies. */
function runtimeModules(): string[] {
  const lock = JSON.parse(readFileSync(checkoutFile('package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean }>
  }
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== '' && !dev)
    .map(([path]) => path)
}
