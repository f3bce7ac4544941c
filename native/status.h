// SPDX-License-Identifier: MIT
// How results cross into JavaScript: a value on success, -errno as a negative number on refusal.
// Words and exceptions are made in src/bpf, which knows what was being done.
#pragma once

#include <napi.h>
#include <cerrno>
#include <cstdint>

// A result of libbpf or of a system call wrapped by it: >= 0, or -errno.
inline Napi::Value status(Napi::Env env, long result)
{
	return Napi::Number::New(env, static_cast<double>(result));
}

// The bytes of a Uint8Array. Anything else has none and a length that no check accepts.
struct Bytes {
	uint8_t *data = nullptr;
	size_t length = SIZE_MAX;

	explicit Bytes(const Napi::Value &value)
	{
		if (!value.IsTypedArray() ||
		    value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
			return;
		auto array = value.As<Napi::Uint8Array>();
		data = array.Data();
		length = array.ByteLength();
	}

	bool present() const
	{
		return length != SIZE_MAX;
	}
};

// The numbers of a Uint32Array. Anything else has none.
struct Numbers {
	uint32_t *data = nullptr;
	size_t length = 0;

	explicit Numbers(const Napi::Value &value)
	{
		if (!value.IsTypedArray() ||
		    value.As<Napi::TypedArray>().TypedArrayType() != napi_uint32_array)
			return;
		auto array = value.As<Napi::Uint32Array>();
		data = array.Data();
		length = array.ElementLength();
	}
};

// True for an argument that was left out, as optional byte arrays may be.
inline bool absent(const Napi::Value &value)
{
	return value.IsUndefined();
}

inline std::string text(const Napi::Value &value)
{
	return value.As<Napi::String>().Utf8Value();
}

inline uint32_t u32(const Napi::Value &value)
{
	return value.As<Napi::Number>().Uint32Value();
}
