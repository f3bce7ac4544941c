{
  'targets': [
    {
      'target_name': 'xlvs',
      'sources': [
        'native/addon.cc',
        'native/exec.cc',
        'native/grace_period.cc',
        'native/libbpf_log.cc',
        'native/link.cc',
        'native/lock.cc',
        'native/map.cc',
        'native/object.cc',
        'native/program.cc',
        'native/raw_socket.cc',
        'native/test_run.cc',
      ],
      'dependencies': ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api"],
      'defines': ['NAPI_VERSION=8'],
      'cflags_cc': ['-std=c++17', '-Wall', '-Wextra', '-Werror', '<!@(pkg-config --cflags libbpf)'],
      'libraries': ['<!@(pkg-config --libs libbpf)'],
    },
    {
      # libxlvs-ipvs.so, beside the addon: for LD_PRELOAD, so it has nothing but libc.
      'target_name': 'xlvs-ipvs',
      'type': 'shared_library',
      'product_prefix': 'lib',
      'sources': [
        'native/preload/descriptor.c',
        'native/preload/director.c',
        'native/preload/endpoint.c',
        'native/preload/exchange.c',
        'native/preload/inherited.c',
        'native/preload/message.c',
        'native/preload/open_calls.c',
        'native/preload/options.c',
        'native/preload/pending.c',
        'native/preload/proc.c',
        'native/preload/real.c',
        'native/preload/receive.c',
        'native/preload/receive_calls.c',
        'native/preload/send.c',
        'native/preload/turn.c',
        'native/preload/watchers.c',
      ],
      # With this one open() would be compiled as open64(), and both are to be defined.
      'defines!': ['_FILE_OFFSET_BITS=64'],
      # Fortified headers define read() and recv() themselves.
      'cflags_c': [
        '-std=gnu11', '-Wall', '-Wextra', '-Werror', '-fvisibility=hidden', '-U_FORTIFY_SOURCE',
      ],
      # Linked by g++, as all is that node-gyp builds, but not with its library.
      'ldflags': ['-Wl,--as-needed'],
      'ldflags!': ['-rdynamic'],
    },
  ],
}
