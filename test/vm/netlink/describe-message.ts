import { addressText } from '../../../src/ipvs/codec/address.js'
import { GENL_ID_CTRL } from '../../../src/ipvs/codec/genetlink.js'
import {
  AF,
  commandAttributes,
  type DestAttributes,
  IPVS_CMD,
  type ServiceAttributes,
} from '../../../src/ipvs/codec/ipvs.js'
import { NLMSG_DONE, NLMSG_ERROR } from '../../lib/netlink-message.js'

const commandNames = new Map<number, string>(Object.entries(IPVS_CMD).map(([name, number]) => [number, name]))
const protocolNames = new Map([
  [6, 'tcp'],
  [17, 'udp'],
])

/** A message in a line, like `NEW_DEST tcp 192.0.2.10:80 -> 10.0.0.11:80 w1`. */
export function describeMessage(bytes: Buffer): string {
  const type = bytes.readUInt16LE(4)
  if (type === NLMSG_ERROR) return `errno ${-bytes.readInt32LE(16)} to ${describeMessage(bytes.subarray(20))}`
  if (type === NLMSG_DONE) return 'end of a dump'
  if (bytes.length < 20) return `a message of type ${type}`
  const command = bytes.readUInt8(16)
  if (type === GENL_ID_CTRL) return `command ${command} of the controller`
  return [commandNames.get(command) ?? `command ${command}`, ...attributesOf(bytes.subarray(20))].join(' ')
}

function attributesOf(attributes: Buffer): string[] {
  try {
    const { service, dest } = commandAttributes.decode(attributes)
    return [...(service ? [describeService(service)] : []), ...(dest ? [`-> ${describeDest(dest)}`] : [])]
  } catch {
    return attributes.length > 0 ? ['(attributes that cannot be read)'] : []
  }
}

function describeService({ protocol = 0, addr, port, fwmark, schedName }: ServiceAttributes): string {
  const name = fwmark === undefined ? (protocolNames.get(protocol) ?? `protocol ${protocol}`) : `fwmark ${fwmark}`
  const end = addr === undefined ? [] : [`${addressText(AF.INET, addr)}:${port}`]
  return [name, ...end, ...(schedName === undefined ? [] : [schedName])].join(' ')
}

function describeDest({ addr, port, weight }: DestAttributes): string {
  const address = addr === undefined ? 'nobody' : `${addressText(AF.INET, addr)}:${port}`
  return weight === undefined ? address : `${address} w${weight}`
}
