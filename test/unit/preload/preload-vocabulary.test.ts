/** The preload library has in C what src/ has in TypeScript. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { defaultRuntimeDir, ipvsSocketName } from '../../../src/api/protocol.js'
import { GENL_MAX_ID } from '../../../src/ipvs/codec/genetlink.js'
import { IPVS_CMD, IPVS_GENL_NAME, IPVS_GENL_VERSION } from '../../../src/ipvs/codec/ipvs.js'
import { PROC_READ, procAttributes } from '../../../src/ipvs/codec/proc.js'
import { checkoutFile } from '../../lib/checkout.js'
import { attribute } from '../../lib/netlink-message.js'

t.test('the two vocabularies agree', async (t) => {
  const header = readFileSync(checkoutFile('native/preload/vocabulary.h'), 'utf8')
  const inC = Object.fromEntries(
    [...header.matchAll(/^#define (\w+)\s+(?:"([^"]*)"|(\d+))$/gm)].map(([, name, text, number]) => [
      name,
      text ?? Number(number),
    ]),
  )
  const commands = ['NEW_SERVICE', 'DEL_SERVICE', 'NEW_DEST', 'DEL_DEST', 'NEW_DAEMON', 'DEL_DAEMON'] as const
  const procTypes = new Map(
    [1, 2, 3].flatMap((type) => Object.keys(procAttributes.decode(attribute(type, 'x'))).map((name) => [name, type])),
  )
  t.same(inC, {
    SOCKET_VARIABLE: 'XLVS_IPVS_SOCKET',
    SOCKET_DEFAULT: join(defaultRuntimeDir, ipvsSocketName),
    IPVS_FAMILY_NAME: IPVS_GENL_NAME,
    IPVS_FAMILY_ID: GENL_MAX_ID,
    IPVS_FAMILY_VERSION: IPVS_GENL_VERSION,
    ...Object.fromEntries(commands.map((name) => [`IPVS_CMD_${name}`, IPVS_CMD[name]])),
    IPVS_CMD_PROC_READ: PROC_READ,
    IPVS_ATTR_PROC_NAME: procTypes.get('name'),
    IPVS_ATTR_PROC_TEXT: procTypes.get('text'),
  })
})
