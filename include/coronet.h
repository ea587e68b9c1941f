#include "coronet/error.h"
