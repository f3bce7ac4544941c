// SPDX-License-Identifier: MIT
#pragma once

#include <napi.h>
#include <memory>
#include <string>

#include "handle.h"

struct bpf_object;

// A compiled BPF object file: opened, adjusted, loaded. The maps and programs taken from it are
// descriptors of their own and live on without it.
class Object : public Napi::ObjectWrap<Object>
{
      public:
	static Napi::Function define(Napi::Env env);

	explicit Object(const Napi::CallbackInfo &info);

      private:
	Napi::Value open(const Napi::CallbackInfo &info);
	Napi::Value load(const Napi::CallbackInfo &info);
	Napi::Value log(const Napi::CallbackInfo &info);
	Napi::Value maps(const Napi::CallbackInfo &info);
	Napi::Value programs(const Napi::CallbackInfo &info);
	Napi::Value set_max_entries(const Napi::CallbackInfo &info);
	Napi::Value reuse_map(const Napi::CallbackInfo &info);
	Napi::Value disable_program(const Napi::CallbackInfo &info);
	Napi::Value map(const Napi::CallbackInfo &info);
	Napi::Value program(const Napi::CallbackInfo &info);
	void close(const Napi::CallbackInfo &info);

	std::unique_ptr<bpf_object, void (*)(bpf_object *)> object_;
	std::string log_;
};
