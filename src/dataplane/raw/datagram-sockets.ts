import type { Address } from '../../core/address.js'

/** What receives on one interface. */
export interface Receiver {
  close(): void
}

/** IPv4 datagrams from and to the network, headers included. Whole ones: what came in fragments has been put together. */
export interface DatagramSockets {
  /**
   * Calls back with TCP, UDP and ICMP errors that come to this machine on an interface. A datagram may be written to and
   * belongs to the listener until it returns.
   * @throws Error if there is no such interface.
   */
  receive(interfaceName: string, listener: (datagram: Buffer) => void): Receiver
  /** Sends one by the way that routing knows to an address, whatever its own destination. @throws Error if it is not taken. */
  send(datagram: Buffer, to: Address): void
  close(): void
}
