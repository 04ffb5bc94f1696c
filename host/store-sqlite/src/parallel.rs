//! Reads many rows of JSON: one thread reads rows, others parse them.

use std::{
    num::NonZero,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use parking_lot::Mutex;

use rusqlite::{Connection, Error, types::Type};
use serde::de::DeserializeOwned;

/// Rows that a thread takes at once.
const ROWS: usize = 256;
/// Batches that may wait for a thread.
const WAITING: usize = 8;
/// Threads at most; more do not read faster.
const THREADS: usize = 4;

type Batch = (usize, Vec<Vec<u8>>);
type Parsed<T> = Result<Vec<(usize, Vec<T>)>, Error>;

/// The first column of all rows of `select`, in their order.
pub(crate) fn all<T: DeserializeOwned + Send>(connection: &Connection, select: &str) -> rusqlite::Result<Vec<T>> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
    let (sender, receiver) = sync_channel(WAITING);
    let receiver = Mutex::new(receiver);
    let (read, parsed) = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&receiver))).collect();
        let read = read(connection, select, &sender);
        drop(sender);
        let parsed: Vec<Parsed<T>> = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect();
        (read, parsed)
    });
    read?;
    let mut batches: Vec<(usize, Vec<T>)> = Vec::new();
    for part in parsed {
        batches.append(&mut part?);
    }
    batches.sort_unstable_by_key(|(at, _)| *at);
    Ok(batches.into_iter().flat_map(|(_, rows)| rows).collect())
}

fn read(connection: &Connection, select: &str, sender: &SyncSender<Batch>) -> rusqlite::Result<()> {
    let mut select = connection.prepare(select)?;
    let mut rows = select.query([])?;
    let mut batch = Vec::with_capacity(ROWS);
    let mut number = 0;
    while let Some(row) = rows.next()? {
        batch.push(row.get_ref(0)?.as_bytes().map_err(|error| conversion(error.into()))?.to_vec());
        if batch.len() == ROWS {
            // All workers have ended after an error, which is reported below.
            if sender.send((number, std::mem::take(&mut batch))).is_err() {
                return Ok(());
            }
            number += 1;
        }
    }
    let _ = sender.send((number, batch));
    Ok(())
}

fn work<T: DeserializeOwned>(receiver: &Mutex<Receiver<Batch>>) -> Parsed<T> {
    let next = || receiver.lock().recv();
    let mut done = Vec::new();
    let mut wrong = None;
    while let Ok((number, batch)) = next() {
        // What comes after a flaw is only taken out, so that the reader does not wait.
        if wrong.is_some() {
            continue;
        }
        match batch.iter().map(|body| serde_json::from_slice(body)).collect::<Result<Vec<T>, _>>() {
            Ok(rows) => done.push((number, rows)),
            Err(error) => wrong = Some(conversion(error.into())),
        }
    }
    wrong.map_or(Ok(done), Err)
}

fn conversion(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::FromSqlConversionFailure(0, Type::Text, error)
}
