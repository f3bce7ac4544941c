// SPDX-License-Identifier: MIT
#pragma once

#include <linux/bpf.h>

#include "handle.h"

// A map. Lengths of keys and values are checked against the map's own before the kernel reads or
// writes through them.
class Map : public Handle<Map>
{
      public:
	static Napi::Function define(Napi::Env env);
	static Napi::FunctionReference &constructor(Environment &environment);
	// openPinnedMap(path)
	static Napi::Value open_pinned(const Napi::CallbackInfo &info);

	explicit Map(const Napi::CallbackInfo &info);

      private:
	Napi::Value info(const Napi::CallbackInfo &info);
	Napi::Value lookup(const Napi::CallbackInfo &info);
	Napi::Value update(const Napi::CallbackInfo &info);
	Napi::Value remove(const Napi::CallbackInfo &info);
	Napi::Value next_key(const Napi::CallbackInfo &info);
	Napi::Value lookup_batch(const Napi::CallbackInfo &info);
	Napi::Value mmap(const Napi::CallbackInfo &info);
	Napi::Value unmap(const Napi::CallbackInfo &info);

	// 0, -EBADF when closed, -EINVAL for another length than the map's.
	int check_key(const Bytes &key) const;
	int check_value(const Bytes &value) const;

	bpf_map_info info_ = {};
	// Bytes of a value as the kernel copies it: for a per-CPU map, of all possible CPUs.
	size_t value_bytes_ = 0;
};
