//! The directory of a home: its files, their permissions, and the locks by which processes know of each other.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use bca_protocol::InstanceId;

use crate::StoreError;

const DATABASE: &str = "bc-agent.db";

/// Where the files of a home are.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    root: PathBuf,
}

/// A lock that is held until this is dropped, and at the latest until the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Held(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

impl Home {
    /// Makes the directories and gives them to their owner alone.
    pub(crate) fn prepare(root: &Path) -> Result<Self, StoreError> {
        let home = Self { root: root.to_owned() };
        // A directory full of other things, named by mistake, keeps its permissions.
        let ours = match fs::read_dir(root) {
            Ok(mut entries) => home.database().exists() || entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(StoreError::io(root, error)),
        };
        make_directory(root, ours)?;
        make_directory(&home.run(), true)?;
        make_directory(&home.backups(), true)?;
        Ok(home)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join(DATABASE)
    }

    /// SQLite's write-ahead log and shared memory, beside the database.
    pub(crate) fn side_files(&self) -> [PathBuf; 2] {
        ["-wal", "-shm"].map(|suffix| self.root.join(format!("{DATABASE}{suffix}")))
    }

    /// The database while it is being made.
    pub(crate) fn unfinished(&self) -> PathBuf {
        self.root.join("bc-agent.db.new")
    }

    pub(crate) fn backups(&self) -> PathBuf {
        self.root.join("backups")
    }

    fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    fn instance_file(&self, instance: &str) -> PathBuf {
        self.run().join(format!("{instance}.lock"))
    }

    /// Says that a process uses the home; `None` while somebody has it for himself.
    pub(crate) fn try_share(&self) -> Result<Option<Held>, StoreError> {
        let path = self.run().join("home.lock");
        let file = open_private(&path)?;
        taken(&path, file.try_lock_shared()).map(|free| free.then_some(Held(file)))
    }

    /// Has the home for itself; `None` while anybody else uses it.
    pub(crate) fn try_alone(&self) -> Result<Option<Held>, StoreError> {
        let path = self.run().join("home.lock");
        let file = open_private(&path)?;
        taken(&path, file.try_lock()).map(|free| free.then_some(Held(file)))
    }

    /// Takes the lock that says that this process lives.
    pub(crate) fn live(&self, instance: InstanceId) -> Result<Held, StoreError> {
        let path = self.instance_file(&instance.to_string());
        let file = open_private(&path)?;
        if taken(&path, file.try_lock())? { Ok(Held(file)) } else { Err(StoreError::Conflict("This instance is open already.".into())) }
    }

    /// Whether the process of that instance lives. A shared lock is tried, so that two who ask don't take each other for it.
    pub(crate) fn lives(&self, instance: &str) -> Result<bool, StoreError> {
        let path = self.instance_file(instance);
        match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::io(path, error)),
            Ok(file) => taken(&path, file.try_lock_shared()).map(|free| !free),
        }
    }

    /// Removes the lock file of a dead instance. That it stays behind does no harm.
    pub(crate) fn bury(&self, instance: &str) {
        let _ = fs::remove_file(self.instance_file(instance));
    }
}

fn taken(path: &Path, result: Result<(), TryLockError>) -> Result<bool, StoreError> {
    match result {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(StoreError::io(path, error)),
    }
}

/// Opens a file for its owner alone (0600), making it where it is missing.
pub(crate) fn open_private(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|e| StoreError::io(path, e))?;
    restrict(path, 0o600)?;
    Ok(file)
}

fn make_directory(path: &Path, ours: bool) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|e| StoreError::io(path, e))?;
    if ours { restrict(path, 0o700) } else { Ok(()) }
}

/// Takes from others what they may do with a file; does nothing where that is so already.
#[cfg(unix)]
pub(crate) fn restrict(path: &Path, mode: u32) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    let now = fs::metadata(path).map_err(|e| StoreError::io(path, e))?.permissions().mode() & 0o7777;
    if now == mode {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(|e| StoreError::io(path, e))
}

#[cfg(not(unix))]
pub(crate) fn restrict(_path: &Path, _mode: u32) -> Result<(), StoreError> {
    Ok(())
}

/// Makes a rename, a new file or a removal in this directory durable.
pub(crate) fn sync_directory(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    File::open(path).and_then(|directory| directory.sync_all()).map_err(|e| StoreError::io(path, e))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
