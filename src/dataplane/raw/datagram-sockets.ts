import type { Span } from '../sim/packet.js'

/** What receives on one interface. */
export interface Receiver {
  close(): void
}

/** Datagrams that the kernel did not take. */
export interface Refused {
  readonly packets: number
  /** Of the last one. */
  readonly reason: string
}

/** Is called with each datagram. */
export type Listener = (datagram: Span) => void

/** IPv4 datagrams from and to the network, headers included. Whole ones: what came in fragments has been put together. */
export interface DatagramSockets {
  /**
   * Calls back with TCP, UDP and ICMP errors that come to this machine on an interface. A datagram, and the {@link headroom}
   * bytes before it, may be written to and belong to the listener until it returns.
   * @throws Error if there is no such interface.
   */
  receive(interfaceName: string, listener: Listener): Receiver
  /**
   * Sends one by the way that routing knows to an address, whatever its own destination. In a listener's call a span of the bytes
   * that were received is sent from where it is, when all that has come is listened to: from now on it must stay as it is. Other
   * bytes are copied.
   * @param to IPv4, in host order.
   */
  send(datagram: Span, to: number): void
  /** What was not taken since this was called last. */
  takeRefused(): Refused
  close(): void
}
