use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::{Zeroize, Zeroizing};

use super::{HolderFault, KeyHolder};
use crate::Secret;

/// What the file says of itself.
const TITLE: &str = "# BC Agent: keys to stored secrets. Keep this file to yourself; without it everybody signs in again.";
/// A key file is a few lines long.
const LARGEST: u64 = 64 * 1024;

/// Keys in a file that the person named, for machines without a keyring: a line for each, 0600, never a silent fallback.
#[derive(Debug, Clone)]
pub struct KeyFile(PathBuf);

impl KeyFile {
    /// The file; made at the first key.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    fn fault(&self, reason: impl Into<String>) -> HolderFault {
        HolderFault::File { path: self.0.display().to_string(), reason: reason.into() }
    }

    fn broken(&self) -> impl Fn(io::Error) -> HolderFault + '_ {
        |fault| self.fault(fault.to_string())
    }

    /// The lines of the file; `None` where there is no file. A file that others can read is refused.
    fn lines(&self) -> Result<Option<Vec<Line>>, HolderFault> {
        let mut file = match File::open(&self.0) {
            Ok(file) => file,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(fault) => return Err(self.broken()(fault)),
        };
        let metadata = file.metadata().map_err(self.broken())?;
        if !metadata.is_file() || metadata.len() > LARGEST {
            return Err(self.fault("it is no key file"));
        }
        self.private(&metadata)?;
        let mut text = Zeroizing::new(String::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1));
        file.read_to_string(&mut text).map_err(self.broken())?;
        Ok(Some(text.lines().filter_map(Line::parse).collect()))
    }

    #[cfg(unix)]
    fn private(&self, metadata: &fs::Metadata) -> Result<(), HolderFault> {
        use std::os::unix::fs::PermissionsExt;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(self.fault("others may read or write it; take that right from them (chmod 600)"));
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn private(&self, _metadata: &fs::Metadata) -> Result<(), HolderFault> {
        Ok(())
    }

    /// Changes the lines as the only one who does: a new file takes the old one's place, whole, on the disk.
    fn change(&self, edit: impl FnOnce(&mut Vec<Line>)) -> Result<(), HolderFault> {
        let _alone = self.alone()?;
        let mut lines = self.lines()?.unwrap_or_default();
        edit(&mut lines);
        let mut text = Zeroizing::new(format!("{TITLE}\n"));
        for line in &lines {
            text.push_str(&line.name);
            text.push(' ');
            STANDARD.encode_string(line.key.expose(), &mut text);
            text.push('\n');
        }
        let draft = self.beside("new");
        let written = write_private(&draft, text.as_bytes()).and_then(|()| fs::rename(&draft, &self.0)).and_then(|()| sync_directory_of(&self.0));
        written.map_err(self.broken())
    }

    /// Held while the file is changed; the key file itself is replaced and can't be the lock.
    fn alone(&self) -> Result<File, HolderFault> {
        let file = private_options().read(true).create(true).truncate(false).open(self.beside("lock")).map_err(self.broken())?;
        file.lock().map_err(self.broken())?;
        Ok(file)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.0.file_name().unwrap_or_default().to_owned();
        name.push(".");
        name.push(ending);
        self.0.with_file_name(name)
    }
}

struct Line {
    name: String,
    key: Secret<[u8; 32]>,
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        let (name, key) = line.split_once(' ')?;
        let mut bytes = STANDARD.decode(key.trim()).ok()?;
        let key = <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Secret::new);
        bytes.zeroize();
        Some(Self { name: name.to_owned(), key: key? })
    }
}

impl KeyHolder for KeyFile {
    fn load(&self, name: &str) -> Result<Option<Secret<[u8; 32]>>, HolderFault> {
        Ok(self.lines()?.unwrap_or_default().into_iter().find(|line| line.name == name).map(|line| line.key))
    }

    fn store(&self, name: &str, key: &Secret<[u8; 32]>) -> Result<(), HolderFault> {
        self.change(|lines| {
            lines.retain(|line| line.name != name);
            lines.push(Line { name: name.to_owned(), key: key.clone() });
        })
    }

    fn remove(&self, name: &str) -> Result<(), HolderFault> {
        match self.lines()? {
            Some(lines) if lines.iter().any(|line| line.name == name) => self.change(|lines| lines.retain(|line| line.name != name)),
            Some(_) | None => Ok(()),
        }
    }
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Whatever a killed process left there may have other permissions.
    match fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
        Ok(()) | Err(_) => {}
    }
    let mut file = private_options().create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_directory_of(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(directory) = path.parent() {
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        File::open(directory)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
