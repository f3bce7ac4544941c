import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Namespace } from './netns.js'
import type { Background } from './process.js'
import { waitFor } from './wait-for.js'

/** Frames from an interface by tcpdump, in the order seen. */
export class Capture {
  private constructor(
    private readonly tcpdump: Background,
    private readonly file: string,
  ) {}

  /** Starts; what is sent after it resolves is captured. `filter` is pcap's language. */
  static async start(namespace: Namespace, device: string, filter: string, directory: string): Promise<Capture> {
    const file = join(mkdtempSync(join(directory, 'capture-')), 'frames.pcap')
    const args = ['-i', device, '--immediate-mode', '-U', '-Z', 'root', '-s', '256', '-B', '16384', '-w', file, filter]
    const tcpdump = namespace.spawn('tcpdump', args)
    await tcpdump.says(/listening on/)
    return new Capture(tcpdump, file)
  }

  /** Waits for a frame that contains a text, then ends the capture and gives the frames before that one. */
  async stopAfter(text: string): Promise<Buffer[]> {
    const end = await waitFor(`a captured frame with '${text}'`, () => {
      const frames = readPcap(readFileSync(this.file))
      const index = frames.findIndex((frame) => frame.includes(text))
      return index >= 0 ? frames.slice(0, index + 1) : undefined
    })
    await this.tcpdump.stop()
    return end.slice(0, -1)
  }
}

/** The frames of a pcap file in this machine's byte order (https://www.tcpdump.org/manpages/pcap-savefile.5.html). */
export function readPcap(file: Buffer): Buffer[] {
  const frames: Buffer[] = []
  let offset = 24
  while (offset + 16 <= file.length) {
    const captured = file.readUInt32LE(offset + 8)
    offset += 16
    frames.push(file.subarray(offset, offset + captured))
    offset += captured
  }
  return frames
}
