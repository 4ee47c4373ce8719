# The same addon with node-gyp. `npm run build:gyp` passes the variables and keeps the result apart from CMake's build/;
# a plain `node-gyp rebuild` finds them itself.
{
  'variables': {
    'nvcc%': '<!(node scripts/gyp-answer.cjs nvcc)',
    'cuda_root%': '<!(node scripts/gyp-answer.cjs root)',
    'cuda_architectures%': '<!(node scripts/gyp-answer.cjs architectures)',
    'compiler%': '<!(node scripts/gyp-answer.cjs compiler)',
    'host_flags': ['-std=c++17', '-O3', '-fPIC', '-ffp-contract=off', '-fvisibility=hidden', '-fvisibility-inlines-hidden'],
    'warnings': ['-Wall', '-Wextra', '-Werror'],
    'api_defines': [
      'NAPI_VERSION=8',
      'NAPI_CPP_EXCEPTIONS',
      'NODE_ADDON_API_CPP_EXCEPTIONS_ALL',
      'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS',
      'NODE_ADDON_API_DISABLE_DEPRECATED',
    ],
  },
  'target_defaults': {
    'default_configuration': 'Release',
    'cflags': ['-fvisibility=hidden', '<@(warnings)'],
    # node's own flags would take exceptions and run-time types away, and its warnings flags differ between versions.
    'cflags!': ['-Wno-unused-parameter'],
    'cflags_cc!': ['-fno-exceptions', '-fno-rtti', '-std=gnu++17', '-std=gnu++20'],
    'cflags_cc': ['<@(host_flags)'],
    'xcode_settings': {
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
      'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
      'GCC_ENABLE_CPP_RTTI': 'YES',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'OTHER_CPLUSPLUSFLAGS': ['-O3', '-ffp-contract=off', '<@(warnings)'],
    },
    'conditions': [
      ['nvcc!=""', {
        'defines': ['DS_WITH_CUDA=1'],
        'cflags': ['-isystem', '<(cuda_root)/include'],
      }],
    ],
  },
  'targets': [
    {
      # The engine: everything but the binding.
      'target_name': 'ds_core',
      'type': 'static_library',
      'sources': ['<!@(node scripts/gyp-answer.cjs engine-sources)', '<!@(node scripts/gyp-answer.cjs cuda-sources)'],
      'rules': [
        {
          'rule_name': 'cu',
          'extension': 'cu',
          'inputs': ['<!@(node scripts/gyp-answer.cjs headers)'],
          'outputs': ['<(INTERMEDIATE_DIR)/<(RULE_INPUT_ROOT).cu.o'],
          'process_outputs_as_sources': 1,
          'conditions': [
            ['nvcc!=""', {
              'message': 'nvcc <(RULE_INPUT_PATH)',
              'action': [
                '<(nvcc)', '-c', '<(RULE_INPUT_PATH)', '-o', '<@(_outputs)', '-std=c++17', '-O3', '--fmad=false',
                '-arch=<(cuda_architectures)', '-DDS_WITH_CUDA=1', '-DNDEBUG',
                '-Xcompiler=-fPIC,-fvisibility=hidden,-ffp-contract=off,-Wall,-Wextra,-Werror',
              ],
            }, {
              'message': 'c++ <(RULE_INPUT_PATH)',
              'action': [
                '<!(node scripts/gyp-answer.cjs cxx)', '-x', 'c++', '-c', '<(RULE_INPUT_PATH)', '-o', '<@(_outputs)',
                '-DNDEBUG', '<@(host_flags)', '<@(warnings)',
              ],
            }],
          ],
        },
      ],
    },
    {
      # Vector code apart and linked last, as in CMakeLists.txt.
      'target_name': 'ds_avx2',
      'type': 'static_library',
      'sources': ['<!@(node scripts/gyp-answer.cjs avx2-sources)'],
      'cflags_cc': ['-mavx2', '-mfma', '-mf16c'],
    },
    {
      'target_name': 'ds_avx512',
      'type': 'static_library',
      'sources': ['<!@(node scripts/gyp-answer.cjs avx512-sources)'],
      'cflags_cc': ['-mavx2', '-mfma', '-mf16c', '-mavx512f', '-Wno-unknown-warning-option', '-Wno-uninitialized', '-Wno-maybe-uninitialized'],
    },
    {
      'target_name': 'diffusion_samplers',
      'sources': ['<!@(node scripts/gyp-answer.cjs binding-sources)'],
      'dependencies': ['ds_core'],
      'defines': ['<@(api_defines)', 'DS_COMPILER="<(compiler)"', 'DS_CUDA_ARCHITECTURES="<(cuda_architectures)"'],
      'cflags': ['-isystem', '<!(node scripts/gyp-answer.cjs addon-api)'],
      'xcode_settings': {'OTHER_CPLUSPLUSFLAGS': ['-isystem', '<!(node scripts/gyp-answer.cjs addon-api)']},
      'conditions': [
        ['target_arch=="x64"', {'dependencies': ['ds_avx2', 'ds_avx512']}],
        ['nvcc!=""', {'libraries': ['-L<(cuda_root)/lib64', '-lcudart_static', '-lrt']}],
        ['OS=="linux"', {
          'libraries': ['-lpthread', '-ldl'],
          'ldflags': ['-Wl,--exclude-libs,ALL', '-Wl,-z,now'],
        }],
      ],
    },
  ],
}
