// Keeps a library whose folder holds only headers a valid static library.
namespace charter {}
