// SPDX-License-Identifier: MIT
#include "map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <algorithm>

static size_t round_up_8(size_t n)
{
	return (n + 7) & ~static_cast<size_t>(7);
}

static bool is_percpu(__u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

Map::Map(const Napi::CallbackInfo &info) : Handle<Map>(info)
{
	__u32 length = sizeof(info_);

	if (fd_.get() < 0)
		return;
	if (bpf_obj_get_info_by_fd(fd_.get(), &info_, &length)) {
		fd_.close();
		return;
	}
	value_bytes_ = is_percpu(info_.type) ? round_up_8(info_.value_size) *
						   static_cast<size_t>(libbpf_num_possible_cpus())
					     : info_.value_size;
}

int Map::check_key(const Bytes &key) const
{
	if (fd_.get() < 0)
		return -EBADF;
	return key.length == info_.key_size ? 0 : -EINVAL;
}

int Map::check_value(const Bytes &value) const
{
	return value.length == value_bytes_ ? 0 : -EINVAL;
}

Napi::Value Map::info(const Napi::CallbackInfo &info)
{
	Napi::Object result = Napi::Object::New(info.Env());

	if (fd_.get() < 0)
		return status(info.Env(), -EBADF);
	result["id"] = info_.id;
	result["name"] = info_.name;
	result["type"] = info_.type;
	result["keySize"] = info_.key_size;
	result["valueSize"] = info_.value_size;
	result["maxEntries"] = info_.max_entries;
	result["flags"] = info_.map_flags;
	result["valueBytes"] = static_cast<double>(value_bytes_);
	return result;
}

// lookup(key, value): fills value
Napi::Value Map::lookup(const Napi::CallbackInfo &info)
{
	Bytes key(info[0]), value(info[1]);

	int err = check_key(key) ?: check_value(value);

	return status(info.Env(), err ?: bpf_map_lookup_elem(fd_.get(), key.data, value.data));
}

// update(key, value, flags)
Napi::Value Map::update(const Napi::CallbackInfo &info)
{
	Bytes key(info[0]), value(info[1]);

	int err = check_key(key) ?: check_value(value);

	return status(info.Env(),
		      err ?: bpf_map_update_elem(fd_.get(), key.data, value.data, u32(info[2])));
}

// delete(key)
Napi::Value Map::remove(const Napi::CallbackInfo &info)
{
	Bytes key(info[0]);

	int err = check_key(key);

	return status(info.Env(), err ?: bpf_map_delete_elem(fd_.get(), key.data));
}

// nextKey(key | undefined, next): fills next; the first key when there is no key
Napi::Value Map::next_key(const Napi::CallbackInfo &info)
{
	Bytes key(info[0]), next(info[1]);

	int err = check_key(next) ?: (absent(info[0]) ? 0 : check_key(key));

	return status(info.Env(), err ?: bpf_map_get_next_key(fd_.get(), key.data, next.data));
}

// lookupBatch(from | undefined, to, keys, values): fills keys and values with as many entries as
// have room, after the cursor `from`, and the cursor `to`. Gives their number, 0 at the end;
// -ENOSPC when not even one bucket of a hash fits.
Napi::Value Map::lookup_batch(const Napi::CallbackInfo &info)
{
	Bytes from(info[0]), to(info[1]), keys(info[2]), values(info[3]);
	// Hashes use a bucket number as cursor, other maps a key.
	size_t cursor = std::max<size_t>(info_.key_size, sizeof(__u32));

	if (fd_.get() < 0)
		return status(info.Env(), -EBADF);
	if (!(absent(info[0]) || from.length == cursor) || to.length != cursor || !keys.present() ||
	    !values.present() || keys.length % info_.key_size)
		return status(info.Env(), -EINVAL);

	size_t room = keys.length / info_.key_size;

	if (room == 0 || room > UINT32_MAX || values.length != room * value_bytes_)
		return status(info.Env(), -EINVAL);

	__u32 count = static_cast<__u32>(room);
	int err = bpf_map_lookup_batch(fd_.get(), from.data, to.data, keys.data, values.data,
				       &count, nullptr);

	// The kernel says -ENOENT together with the last entries.
	return status(info.Env(), err && err != -ENOENT ? err : static_cast<long>(count));
}

static void release(napi_env, void *area, void *length)
{
	munmap(area, reinterpret_cast<size_t>(length));
}

// mmap(offset, length): a part, in bytes from a whole page on, of the values of an array with
// BPF_F_MMAPABLE, each rounded up to 8 bytes; -EINVAL for what is not a part of them, -EFBIG when
// it is more than Node lets a buffer have (4 GiB in Node 20)
Napi::Value Map::mmap(const Napi::CallbackInfo &info)
{
	if (fd_.get() < 0)
		return status(info.Env(), -EBADF);
	if (info_.type != BPF_MAP_TYPE_ARRAY || !(info_.map_flags & BPF_F_MMAPABLE))
		return status(info.Env(), -EINVAL);

	int64_t offset = info[0].As<Napi::Number>().Int64Value();
	int64_t length = info[1].As<Napi::Number>().Int64Value();
	int64_t end = static_cast<int64_t>(round_up_8(info_.value_size) * info_.max_entries);

	if (offset < 0 || length <= 0 || length > end || offset > end - length)
		return status(info.Env(), -EINVAL);

	void *area = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), offset);

	if (area == MAP_FAILED)
		return status(info.Env(), -errno);

	// Not Napi::ArrayBuffer::New: where Node refuses the length, both free its finalizer.
	napi_value buffer;
	napi_status made = napi_create_external_arraybuffer(
	    info.Env(), area, length, release, reinterpret_cast<void *>(length), &buffer);

	if (made != napi_ok) {
		// Node has called release.
		napi_value exception;

		napi_get_and_clear_last_exception(info.Env(), &exception);
		return status(info.Env(), -EFBIG);
	}
	return Napi::Value(info.Env(), buffer);
}

// unmap(buffer): takes memory from mmap() away before the collector does; -EINVAL for others
Napi::Value Map::unmap(const Napi::CallbackInfo &info)
{
	napi_status detached = napi_detach_arraybuffer(info.Env(), info[0]);

	return status(info.Env(), detached == napi_ok ? 0 : -EINVAL);
}

Napi::Value Map::open_pinned(const Napi::CallbackInfo &info)
{
	return adopt(info.Env(), ::open_pinned(text(info[0]), "bpf-map"));
}

Napi::FunctionReference &Map::constructor(Environment &environment)
{
	return environment.map;
}

Napi::Function Map::define(Napi::Env env)
{
	return DefineClass(env, "Map",
			   {
			       InstanceMethod("fd", &Map::fd),
			       InstanceMethod("info", &Map::info),
			       InstanceMethod("lookup", &Map::lookup),
			       InstanceMethod("update", &Map::update),
			       InstanceMethod("delete", &Map::remove),
			       InstanceMethod("nextKey", &Map::next_key),
			       InstanceMethod("lookupBatch", &Map::lookup_batch),
			       InstanceMethod("mmap", &Map::mmap),
			       InstanceMethod("unmap", &Map::unmap),
			       InstanceMethod("pin", &Map::pin),
			       InstanceMethod("close", &Map::close),
			   });
}
