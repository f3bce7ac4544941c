// SPDX-License-Identifier: MIT
#include "link.h"

#include <bpf/bpf.h>

Napi::Value Link::info(const Napi::CallbackInfo &info)
{
	bpf_link_info kernel = {};
	__u32 length = sizeof(kernel);
	int err = fd_.get() < 0 ? -EBADF : bpf_obj_get_info_by_fd(fd_.get(), &kernel, &length);

	if (err)
		return status(info.Env(), err);

	Napi::Object result = Napi::Object::New(info.Env());

	result["id"] = kernel.id;
	result["type"] = kernel.type;
	result["programId"] = kernel.prog_id;
	result["ifindex"] = kernel.type == BPF_LINK_TYPE_XDP ? kernel.xdp.ifindex : 0;
	return result;
}

// update(program fd)
Napi::Value Link::update(const Napi::CallbackInfo &info)
{
	int program = static_cast<int>(u32(info[0]));

	return status(info.Env(), bpf_link_update(fd_.get(), program, nullptr));
}

Napi::Value Link::detach(const Napi::CallbackInfo &info)
{
	return status(info.Env(), bpf_link_detach(fd_.get()));
}

Napi::Value Link::open_pinned(const Napi::CallbackInfo &info)
{
	return adopt(info.Env(), ::open_pinned(text(info[0]), "bpf-link"));
}

Napi::FunctionReference &Link::constructor(Environment &environment)
{
	return environment.link;
}

Napi::Function Link::define(Napi::Env env)
{
	return DefineClass(env, "Link",
			   {
			       InstanceMethod("info", &Link::info),
			       InstanceMethod("update", &Link::update),
			       InstanceMethod("detach", &Link::detach),
			       InstanceMethod("pin", &Link::pin),
			       InstanceMethod("close", &Link::close),
			   });
}
