/** Where the profiler leaves what it saw; whoever asked for it renames it. */
export const PROFILE_FILE = 'latest.cpuprofile';
