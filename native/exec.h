// SPDX-License-Identifier: MIT
#pragma once

#include <napi.h>

// exec(file, arguments, environment): replaces the process; returns only to say -errno
Napi::Value exec(const Napi::CallbackInfo &info);
