/** What is used of the JavaScript API of WebAssembly (W3C): TypeScript has it in its library for browsers alone. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Instance {
    constructor(module: Module)
    readonly exports: Readonly<Record<string, unknown>>
  }
  class Memory {
    private constructor()
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
  class Global {
    private constructor()
    value: number
  }
  class RuntimeError extends Error {}
}
