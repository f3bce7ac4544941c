// SPDX-License-Identifier: MIT
#include "libbpf_log.h"

#include <bpf/libbpf.h>
#include <cstdarg>
#include <cstdio>
#include <vector>

static thread_local std::string *current_sink;

static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	if (!current_sink || level == LIBBPF_DEBUG)
		return 0;

	va_list again;

	va_copy(again, args);
	int length = vsnprintf(nullptr, 0, format, again);
	va_end(again);
	if (length <= 0)
		return length;

	std::vector<char> line(static_cast<size_t>(length) + 1);

	vsnprintf(line.data(), line.size(), format, args);
	current_sink->append(line.data(), static_cast<size_t>(length));
	return length;
}

LibbpfLog::LibbpfLog(std::string &sink)
{
	sink.clear();
	current_sink = &sink;
}

LibbpfLog::~LibbpfLog()
{
	current_sink = nullptr;
}

void LibbpfLog::install()
{
	libbpf_set_print(print);
}
