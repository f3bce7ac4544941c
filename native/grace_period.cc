// SPDX-License-Identifier: MIT
#include "grace_period.h"

#include <bpf/bpf.h>

#include "handle.h"

/*
 * The kernel ends an update of a map of maps only when every program that may have seen the map
 * before has ended: maybe_wait_bpf_programs() of kernel/bpf/syscall.c. membarrier(2), which waits
 * as long, refuses where CPUs run without a tick (nohz_full).
 */
static int grace_period()
{
	Fd inner(bpf_map_create(BPF_MAP_TYPE_ARRAY, "inner", 4, 4, 1, nullptr));

	if (inner.get() < 0)
		return inner.get();

	LIBBPF_OPTS(bpf_map_create_opts, opts, .inner_map_fd = static_cast<__u32>(inner.get()));
	Fd outer(bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "outer", 4, 4, 1, &opts));
	__u32 key = 0, value = static_cast<__u32>(inner.get());

	return outer.get() < 0 ? outer.get() : bpf_map_update_elem(outer.get(), &key, &value, 0);
}

Napi::Value wait_for_programs(const Napi::CallbackInfo &info)
{
	return status(info.Env(), grace_period());
}
