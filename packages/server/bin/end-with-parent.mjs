// Loaded into weir where its launcher had to stay: when that is killed, weir must not run on alone.
// A launcher that ends in any other way has waited for weir, so this happens on SIGKILL only.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.channel?.unref();
