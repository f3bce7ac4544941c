// SPDX-License-Identifier: MIT
#include "program.h"

#include <bpf/bpf.h>
#include <cstdio>

#include "link.h"

Napi::Value Program::info(const Napi::CallbackInfo &info)
{
	bpf_prog_info kernel = {};
	__u32 length = sizeof(kernel);
	int err = fd_.get() < 0 ? -EBADF : bpf_obj_get_info_by_fd(fd_.get(), &kernel, &length);

	if (err)
		return status(info.Env(), err);

	Napi::Object result = Napi::Object::New(info.Env());
	char tag[2 * BPF_TAG_SIZE + 1];

	for (size_t i = 0; i < BPF_TAG_SIZE; i++)
		snprintf(&tag[2 * i], 3, "%02x", kernel.tag[i]);
	result["id"] = kernel.id;
	result["type"] = kernel.type;
	result["name"] = kernel.name;
	result["tag"] = tag;
	result["verifiedInstructions"] = kernel.verified_insns;
	result["runTimeNs"] = static_cast<double>(kernel.run_time_ns);
	result["runCount"] = static_cast<double>(kernel.run_cnt);
	return result;
}

// attachXdp(ifindex, flags): flags are XDP_FLAGS_* of linux/if_link.h
Napi::Value Program::attach_xdp(const Napi::CallbackInfo &info)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = u32(info[1]));
	int ifindex = static_cast<int>(u32(info[0]));

	return Link::adopt(info.Env(), bpf_link_create(fd_.get(), ifindex, BPF_XDP, &opts));
}

Napi::Value Program::open_pinned(const Napi::CallbackInfo &info)
{
	return adopt(info.Env(), ::open_pinned(text(info[0]), "bpf-prog"));
}

Napi::FunctionReference &Program::constructor(Environment &environment)
{
	return environment.program;
}

Napi::Function Program::define(Napi::Env env)
{
	return DefineClass(env, "Program",
			   {
			       InstanceMethod("fd", &Program::fd),
			       InstanceMethod("info", &Program::info),
			       InstanceMethod("attachXdp", &Program::attach_xdp),
			       InstanceMethod("testRun", &Program::test_run),
			       InstanceMethod("pin", &Program::pin),
			       InstanceMethod("close", &Program::close),
			   });
}
