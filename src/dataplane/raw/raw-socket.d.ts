/** What is used of the npm package, which brings no types. */
declare module 'raw-socket' {
  interface SocketWrap {
    on(event: 'recvReady' | 'error', listener: (error?: Error) => void): void
    removeAllListeners(event: string): void
    /** @throws Error with strerror()'s words. */
    recv(buffer: Buffer, callback: (buffer: Buffer, bytes: number, source: string) => void): void
    /** @throws Error with strerror()'s words. */
    send(buffer: Buffer, offset: number, length: number, address: string, callback: (bytes: number) => void): void
  }
  interface Socket {
    readonly wrap: SocketWrap
    on(event: 'error', listener: (error: Error) => void): this
    setOption(level: number, option: number, value: number): void
    setOption(level: number, option: number, value: Buffer, length: number): void
    pauseRecv(): this
    close(): this
  }
  export function createSocket(options: { protocol: number; bufferSize?: number }): Socket
}
