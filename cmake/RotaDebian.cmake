# `cpack -G DEB` in the build folder makes librota0 and librota-dev of a shared build, and of any
# build rota-tools. tests/package builds and uses them all.
set(CPACK_PACKAGE_NAME rota)
set(CPACK_PACKAGE_VENDOR "The Rota authors")
# Whoever publishes the packages puts an address of their own here, and into the changelog.
set(CPACK_PACKAGE_CONTACT "The Rota authors <authors@rota.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # else each description begins with it
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

# rota_debian_package(COMPONENT NAME SECTION DEPENDS SUMMARY TEXT): one package per component. It
# carries the licence and the changelog where Debian looks for them.
function(rota_debian_package component name section depends summary text)
  string(TOUPPER "CPACK_DEBIAN_${component}" of)
  set(${of}_PACKAGE_NAME "${name}" PARENT_SCOPE)
  set(${of}_PACKAGE_SECTION "${section}" PARENT_SCOPE)
  set(${of}_PACKAGE_DEPENDS "${depends}" PARENT_SCOPE)
  set(${of}_DESCRIPTION "${summary}\n${text}" PARENT_SCOPE)
  set(folder "${CMAKE_INSTALL_DATAROOTDIR}/doc/${name}")
  install(FILES "${PROJECT_BINARY_DIR}/copyright" "${PROJECT_BINARY_DIR}/changelog.gz"
    DESTINATION "${folder}" COMPONENT ${component} EXCLUDE_FROM_ALL)
  set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} ${component} PARENT_SCOPE)
endfunction()

# The bundled CLI11 is all of the program that is not ours and not a package of its own.
set(rota_packaging "${PROJECT_SOURCE_DIR}/packaging/debian")
file(READ "${PROJECT_SOURCE_DIR}/LICENSE" rota_licence)
string(FIND "${rota_licence}" "Permission is hereby granted" rota_terms)
string(SUBSTRING "${rota_licence}" ${rota_terms} -1 rota_licence)
string(STRIP "${rota_licence}" rota_licence)
string(REPLACE "\n\n" "\n.\n" rota_licence "${rota_licence}")
string(REPLACE "\n" "\n " rota_licence " ${rota_licence}")
configure_file("${rota_packaging}/copyright.in" "${PROJECT_BINARY_DIR}/copyright" @ONLY)
configure_file("${rota_packaging}/changelog.in" "${PROJECT_BINARY_DIR}/changelog" @ONLY)
execute_process(COMMAND gzip -9nkf "${PROJECT_BINARY_DIR}/changelog" COMMAND_ERROR_IS_FATAL ANY)

get_target_property(rota_type rota TYPE)
if(rota_type STREQUAL "SHARED_LIBRARY")
  set(rota_soname librota${PROJECT_VERSION_MAJOR})
  rota_debian_package(runtime ${rota_soname} libs ""
    "user-space scheduler with asynchronous I/O - shared library"
    "Rota runs coroutine tasks and fibers on one or many workers, over io_uring,
epoll, poll or select, each of which is one line of configuration.
.
This package has the library that programs link. Between versions before 1.0
its interface may change; a program that needs another one does not start, and
says so.")
  rota_debian_package(development librota-dev libdevel "${rota_soname} (= ${PROJECT_VERSION})"
    "user-space scheduler with asynchronous I/O - development files"
    "Rota runs coroutine tasks and fibers on one or many workers, over io_uring,
epoll, poll or select, each of which is one line of configuration.
.
This package has the headers, the source of the C++20 module, and what CMake
and pkg-config find the library by. Programs must be compiled with
${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}, as the library was; else they do not link.")
  set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA "${rota_packaging}/triggers")
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${PROJECT_BINARY_DIR}/src")
  set(rota_tools_need "${rota_soname} (= ${PROJECT_VERSION})")
endif()
if(TARGET rota_cli)
  rota_debian_package(tools rota-tools utils "${rota_tools_need}"
    "user-space scheduler with asynchronous I/O - program"
    "The program rota measures what the drivers and schedulers of Rota cost on a
machine, and says what its kernel lets them use.")
endif()
set(CPACK_VERBATIM_VARIABLES ON)
include(CPack)
