/** Rounds up to 4: NLMSG_ALIGN and NLA_ALIGN (include/uapi/linux/netlink.h). */
export function align(bytes: number): number {
  return Math.ceil(bytes / 4) * 4
}
