# What is installed: the public headers, the library, the program, and what tells CMake, pkg-config
# and a build with modules of them. Each component is a Debian package (RotaDebian.cmake); the model
# checker has one of its own.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(rota_cmake_folder "${CMAKE_INSTALL_LIBDIR}/cmake/rota")
set(rota_module_folder "${CMAKE_INSTALL_DATADIR}/rota")

install(TARGETS rota EXPORT rota-targets
  LIBRARY COMPONENT runtime NAMELINK_COMPONENT development
  ARCHIVE COMPONENT development
  FILE_SET HEADERS COMPONENT development)
install(EXPORT rota-targets NAMESPACE rota:: DESTINATION "${rota_cmake_folder}"
  COMPONENT development)
install(FILES "${PROJECT_SOURCE_DIR}/modules/rota.cppm" DESTINATION "${rota_module_folder}"
  COMPONENT development)

if(TARGET rota_model)
  set(rota_model_folder "${CMAKE_INSTALL_INCLUDEDIR}/rota-model")
  # Its atomics come before the library's, so they stand where only its users look.
  target_include_directories(rota_model PUBLIC
    "$<INSTALL_INTERFACE:${rota_model_folder}/shim>"
    "$<INSTALL_INTERFACE:${rota_model_folder}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  set_target_properties(rota_model PROPERTIES EXPORT_NAME model)
  install(TARGETS rota_model EXPORT rota-model-targets ARCHIVE COMPONENT model)
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/model/shim" "${PROJECT_SOURCE_DIR}/model/include"
    DESTINATION "${rota_model_folder}" COMPONENT model)
  install(EXPORT rota-model-targets NAMESPACE rota:: DESTINATION "${rota_cmake_folder}"
    COMPONENT model)
endif()
if(TARGET rota_cli)
  install(TARGETS rota_cli RUNTIME COMPONENT tools)
  configure_file("${PROJECT_SOURCE_DIR}/cli/rota.1" "${PROJECT_BINARY_DIR}/rota.1" COPYONLY)
  execute_process(COMMAND gzip -9nkf "${PROJECT_BINARY_DIR}/rota.1" COMMAND_ERROR_IS_FATAL ANY)
  install(FILES "${PROJECT_BINARY_DIR}/rota.1.gz" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1"
    COMPONENT tools)
endif()

# Who links a shared library need not find what that one links.
get_target_property(rota_type rota TYPE)
if(rota_type STREQUAL "STATIC_LIBRARY")
  set(rota_is_static ON)
else()
  set(rota_is_static OFF)
endif()
configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/rota-config.cmake.in" "${PROJECT_BINARY_DIR}/rota-config.cmake"
  INSTALL_DESTINATION "${rota_cmake_folder}"
  PATH_VARS rota_module_folder)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/rota-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
    "${PROJECT_BINARY_DIR}/rota-config.cmake" "${PROJECT_BINARY_DIR}/rota-config-version.cmake"
  DESTINATION "${rota_cmake_folder}" COMPONENT development)

# From where rota.pc lies: an installed tree may be moved.
file(RELATIVE_PATH rota_pc_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" rota_pc_prefix "${rota_pc_prefix}")
set(rota_pc_private "")
if(rota_is_static)
  string(CONCAT rota_pc_private
    "Requires.private: liburing >= 2.3, libcares >= 1.18\n"
    "Libs.private: -lboost_context -lpthread\n")
endif()
set(rota_pc_options "")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(JOIN ROTA_GNU_COROUTINES " " rota_pc_options)
endif()
configure_file("${PROJECT_SOURCE_DIR}/cmake/rota.pc.in" "${PROJECT_BINARY_DIR}/rota.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/rota.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
  COMPONENT development)
