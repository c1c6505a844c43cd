#pragma once

namespace cli {

/// Makes the process one to which no file comes to harm; to be called before any is opened. A limit
/// on the size of files, like a pipe whose reader is gone, is an error of the write that meets it
/// instead of the end of the process. Where standard output or error is closed, no file opened
/// later gets its number, and with it what is printed: printing goes on to fail.
void prepare_process();

}  // namespace cli
