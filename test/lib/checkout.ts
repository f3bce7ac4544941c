import { fileURLToPath } from 'node:url'

/** Absolute path of a file of the checkout; this module runs from dist/test/lib. */
export function checkoutFile(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url))
}
