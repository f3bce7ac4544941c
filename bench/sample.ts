/** The groups of measurements, in the order in which they run. */
export const groupNames = ['micro', 'veth', 'raw', 'scale', 'latency', 'ipvs'] as const
export type GroupName = (typeof groupNames)[number]

export type Unit = 'ns' | 'packets/s' | 'connections/s' | 'requests/s' | 'ms' | 'us' | 'MiB' | 'bytes'

/** What a figure was measured with. A field that is absent plays no part. */
export interface Parameters {
  /** Connections that traffic belonged to; of new connections, how many were made. */
  readonly connections?: number
  readonly services?: number
  /** Real servers of each service. */
  readonly servers?: number
}

/** One measurement. */
export interface Sample extends Parameters {
  /** What was measured, like `established`. */
  readonly measure: string
  /** What it was measured of, like `xlvs DR`. */
  readonly subject: string
  /** Subjects of a round ran one behind the other. */
  readonly round: number
  readonly value: number
  readonly unit: Unit
}

/** Where figures were measured. */
export interface Environment {
  readonly cpu: string
  readonly cpus: number
  readonly memoryMiB: number
  /** As uname -r says. */
  readonly kernel: string
  /** Software emulation of the processor: it counts instructions and hides what memory costs. */
  readonly emulated: boolean
  /** Of xlvs, node and the programs used, by name. */
  readonly versions: Readonly<Record<string, string>>
}

/** What one group measured in one place. */
export interface Section {
  readonly group: GroupName
  readonly environment: Environment
  readonly samples: readonly Sample[]
}

/** A figure to reach, and the figure reached. */
export interface Target {
  readonly what: string
  readonly bound: 'at most' | 'at least'
  readonly limit: number
  readonly measured: number
  readonly unit: Unit | 'x'
}

/** Of the JSON's shape; another number is another shape. */
export const resultFormat = 1

/** A run of the benchmark: what `--json` writes and `report` reads. */
export interface Result {
  readonly format: typeof resultFormat
  /** ISO 8601. */
  readonly started: string
  /** As typed. */
  readonly command: string
  readonly quick: boolean
  readonly sections: readonly Section[]
  readonly targets: readonly Target[]
}
