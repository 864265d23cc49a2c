// What ps(1) shows for this process, in the place where the kernel keeps the words it was started with.
// Set up once at the start of main(), used on the main thread.
#pragma once

#include <string_view>

namespace uringx {

// Moves the environment away, so that titles may use its place as well (ngx_init_setproctitle). `argv` and
// `environ` must be those main() was given; copy what is needed of argv before set_process_title().
void init_process_title(char** argv);

// "uringx: TITLE", cut to the place there is.
void set_process_title(std::string_view title);

}  // namespace uringx
