{
  'targets': [
    {
      'target_name': 'xlvs',
      'sources': [
        'native/addon.cc',
        'native/libbpf_log.cc',
        'native/link.cc',
        'native/lock.cc',
        'native/map.cc',
        'native/object.cc',
        'native/program.cc',
        'native/test_run.cc',
      ],
      'dependencies': ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api"],
      'defines': ['NAPI_VERSION=8'],
      'cflags_cc': ['-std=c++17', '-Wall', '-Wextra', '-Werror', '<!@(pkg-config --cflags libbpf)'],
      'libraries': ['<!@(pkg-config --libs libbpf)'],
    },
  ],
}
