# Adds up how many executions the model tests explored, and in how many models. Fails when there are
# fewer than expected, so that a bound that was tightened by mistake does not go unnoticed. The counts
# are removed, for a test that is gone must not count next time.
file(GLOB counts "${folder}/*")
set(executions 0)
set(models 0)
foreach(count ${counts})
  file(STRINGS "${count}" explored)
  math(EXPR executions "${executions} + ${explored}")
  get_filename_component(name "${count}" NAME)
  if(explored GREATER 0 AND NOT name MATCHES "^(explorer|litmus|reduction|weak_memory)\\.")
    math(EXPR models "${models} + 1")
  endif()
  file(REMOVE "${count}")
endforeach()
message(STATUS "${executions} executions of ${models} models")

file(STRINGS "${expected}" floor)
list(GET floor 0 executions_expected)
list(GET floor 1 models_expected)
math(EXPR executions_expected "${executions_expected} / ${share}")
if(executions LESS executions_expected)
  message(FATAL_ERROR "${executions} executions are fewer than the ${executions_expected} expected: "
                      "which model lost its, or does ctest run all of them?")
endif()
if(models LESS models_expected)
  message(FATAL_ERROR "${models} models are fewer than the ${models_expected} expected")
endif()
