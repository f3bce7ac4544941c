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

/** Is called with the number of datagrams that have come: they are the first of the {@link DatagramMemory}. */
export type Listener = (count: number) => void

/**
 * IPv4 datagrams from and to the network, headers included, by way of a {@link DatagramMemory}. Whole ones: what came in
 * fragments has been put together.
 */
export interface DatagramSockets {
  /**
   * Calls back with TCP, UDP and ICMP errors that come to this machine on an interface. They, and the free bytes before each,
   * belong to the listener until it returns.
   * @throws Error if there is no such interface.
   */
  receive(interfaceName: string, listener: Listener): Receiver
  /**
   * Sends what is in the memory by the way that routing knows to an address, whatever its own destination; in a listener's
   * call it has to stay as it is, for it may leave only when the listener has returned.
   * @param to IPv4, in host order.
   */
  send(from: number, length: number, to: number): void
  /** Sends bytes from elsewhere in the same way; they are copied. */
  sendBytes(datagram: Buffer, to: number): void
  /** What was not taken since this was called last. */
  takeRefused(): Refused
  close(): void
}
