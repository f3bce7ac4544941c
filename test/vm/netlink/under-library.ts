import { checkoutFile } from '../../lib/checkout.js'

/** The environment in which the distribution's programs speak to whom listens on a socket, instead of the kernel's IPVS. */
export function underLibrary(socket: string): Record<string, string> {
  return { LD_PRELOAD: checkoutFile('build/Release/libxlvs-ipvs.so'), XLVS_IPVS_SOCKET: socket }
}
