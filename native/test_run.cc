// SPDX-License-Identifier: MIT
#include "program.h"

#include <bpf/bpf.h>
#include <tuple>

// testRun({ dataIn, dataOut, ctx, repeat, flags, cpu, batchSize }): fills dataOut; ctx too, if the
// program is SEC("syscall"). The byte arrays may be left out.
Napi::Value Program::test_run(const Napi::CallbackInfo &info)
{
	Napi::Env env = info.Env();

	if (!info[0].IsObject())
		return status(env, -EINVAL);

	Napi::Object options = info[0].As<Napi::Object>();
	Napi::Value data_in = options.Get("dataIn"), data_out = options.Get("dataOut"),
		    ctx = options.Get("ctx");
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	for (const auto &[value, data, size] :
	     {std::tuple{data_in, const_cast<void **>(&opts.data_in), &opts.data_size_in},
	      std::tuple{data_out, &opts.data_out, &opts.data_size_out},
	      std::tuple{ctx, const_cast<void **>(&opts.ctx_in), &opts.ctx_size_in}}) {
		Bytes bytes(value);

		if (absent(value))
			continue;
		if (!bytes.present() || bytes.length > UINT32_MAX)
			return status(env, -EINVAL);
		*data = bytes.data;
		*size = static_cast<__u32>(bytes.length);
	}
	opts.repeat = static_cast<int>(u32(options.Get("repeat")));
	opts.flags = u32(options.Get("flags"));
	opts.cpu = u32(options.Get("cpu"));
	opts.batch_size = u32(options.Get("batchSize"));

	int err = bpf_prog_test_run_opts(fd_.get(), &opts);

	if (err)
		return status(env, err);

	Napi::Object result = Napi::Object::New(env);

	result["retval"] = opts.retval;
	result["dataLength"] = opts.data_size_out;
	result["durationNs"] = opts.duration;
	return result;
}
