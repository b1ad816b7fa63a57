# The one way to choose an instruction level: included by every compiled module that has more than one.

cdef extern from "_levels.h" nogil:
    int SH_BASELINE
    int SH_POPCNT
    int SH_AVX2
    int SH_AVX512
    int SH_VPOPCNT

    int sh_widest_level()


cdef int widest_level = sh_widest_level()


cdef int checked_level(int level) except -1:
    """Return the level to run at: the widest for -1."""
    if not -1 <= level <= widest_level:
        raise ValueError(f"this processor runs levels 0 to {widest_level}, and -1 is the widest; not {level}")
    return widest_level if level < 0 else level


cdef tuple levels_here(levels):
    """Return those of the levels at which a module's code differs that this machine has."""
    return tuple([level for level in levels if level <= widest_level])
