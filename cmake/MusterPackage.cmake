# What `cmake --install` and the Debian package hold. `./dev package` makes the latter.
include(GNUInstallDirs)
install(TARGETS muster muster-load muster-shim RUNTIME)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/web/dist/ DESTINATION ${CMAKE_INSTALL_DATADIR}/muster/web OPTIONAL)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/games/ DESTINATION ${CMAKE_INSTALL_DATADIR}/muster/games
    FILES_MATCHING PATTERN "*.toml")
install(DIRECTORY ${CMAKE_SOURCE_DIR}/sdk/plugin/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/sdk/plugin/examples DESTINATION ${CMAKE_INSTALL_DOCDIR}/plugins COMPONENT dev)
install(TARGETS muster_client_shared LIBRARY)
install(FILES ${CMAKE_SOURCE_DIR}/sdk/client/include/muster/client.h ${CMAKE_SOURCE_DIR}/sdk/client/include/muster/client_events.h
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/muster COMPONENT dev)
install(FILES ${CMAKE_SOURCE_DIR}/sdk/client/examples/circle.c DESTINATION ${CMAKE_INSTALL_DOCDIR}/client COMPONENT dev)
file(RELATIVE_PATH MUSTER_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_SOURCE_DIR}/packaging/muster_client.pc.in ${CMAKE_BINARY_DIR}/muster_client.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/muster_client.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
install(FILES packaging/systemd/muster.service packaging/systemd/muster-coordinator.service
    packaging/systemd/muster-node.service packaging/systemd/muster-world.service DESTINATION /lib/systemd/system)
install(FILES packaging/muster.toml DESTINATION /etc/muster)
install(FILES README.md LICENSE CHANGELOG.md docs/api.md docs/settings.md
    DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT "The Muster authors <muster@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "deploys and looks after game servers on many hosts")
set(CPACK_DEBIAN_PACKAGE_SECTION games)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS docker.io)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/packaging/debian/conffiles)
set(CPACK_STRIP_FILES ON)
include(CPack)
