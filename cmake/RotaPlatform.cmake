# The build picks files: a leaf file that belongs to one platform is listed here and nowhere else.
set(ROTA_PLATFORM_SOURCES)
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  set(ROTA_FOREIGN_LEAVES "kqueue\\.cpp$")
else()
  message(FATAL_ERROR "Rota builds on Linux today; this system is ${CMAKE_SYSTEM_NAME}")
endif()
