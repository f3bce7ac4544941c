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

// The elements of a typed array of one kind. Anything else has none and a length that no check
// accepts.
template <typename Element, napi_typedarray_type kind> struct Elements {
	Element *data = nullptr;
	size_t length = SIZE_MAX;

	explicit Elements(const Napi::Value &value)
	{
		if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != kind)
			return;
		auto array = value.As<Napi::TypedArrayOf<Element>>();
		data = array.Data();
		length = array.ElementLength();
	}

	bool present() const
	{
		return length != SIZE_MAX;
	}
};

// A Uint8Array.
using Bytes = Elements<uint8_t, napi_uint8_array>;
// A Uint32Array.
using Numbers = Elements<uint32_t, napi_uint32_array>;

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
